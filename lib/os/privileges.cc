#include "os/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>

namespace nes::os {
namespace {

Error io_error(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

// The text up to `separator`, which is taken away with it.
std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

bool parse_id(std::string_view text, std::uint32_t& id) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && id != UINT32_MAX;
}

}  // namespace

Result<UserIds> find_user(std::string_view passwd, std::string_view name) {
  for (std::uint64_t line_number = 1; !passwd.empty(); ++line_number) {
    std::string_view line = take_until(passwd, '\n');
    if (take_until(line, ':') != name) continue;
    take_until(line, ':');  // the password
    UserIds ids;
    const std::string_view uid = take_until(line, ':');
    const std::string_view gid = take_until(line, ':');
    if (!parse_id(uid, ids.uid) || !parse_id(gid, ids.gid))
      return Error{ErrorCode::kMalformed, "a user's line has no ids", line_number};
    return ids;
  }
  return Error{ErrorCode::kNotFound, "there is no such user"};
}

Result<void> become_user(const UserIds& ids) {
  if (ids.uid == 0 || ids.gid == 0) return Error{ErrorCode::kNotAllowed, "the user is root"};
  if (::setgroups(0, nullptr) != 0 || ::setresgid(ids.gid, ids.gid, ids.gid) != 0 ||
      ::setresuid(ids.uid, ids.uid, ids.uid) != 0)
    return io_error("the user's ids cannot be taken");
  NES_TRY(drop_capabilities());
  if (::setresuid(0, 0, 0) == 0 || ::setresgid(0, 0, 0) == 0)
    return Error{ErrorCode::kNotAllowed, "there is a way back to root"};
  return {};
}

Result<void> drop_capabilities() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return io_error("new privileges cannot be forbidden");
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    return io_error("ambient capabilities cannot be dropped");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return io_error("capabilities cannot be dropped");
  return {};
}

}  // namespace nes::os
