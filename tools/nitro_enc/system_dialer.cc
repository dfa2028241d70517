#include "tools/nitro_enc/system_dialer.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "aws/transfer.h"
#include "tools/nitro_enc/system_resolver.h"

namespace nes::nitro_enc {
namespace {

Error io_error(int number) noexcept {
  return {ErrorCode::kIo, "the host cannot be reached", static_cast<std::uint64_t>(number)};
}

Result<os::UniqueFd> connect(const SocketAddress& address, const aws::Until& until) {
  os::UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return io_error(errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) return fd;
  if (errno != EINPROGRESS) return io_error(errno);
  pollfd entry{fd.get(), POLLOUT, 0};
  int ready = 0;
  do ready = ::poll(&entry, 1, until.left_ms());
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return io_error(errno);
  if (ready == 0) return Error{ErrorCode::kTimeout, "the host does not answer"};
  int status = 0;
  socklen_t size = sizeof status;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &status, &size) != 0) return io_error(errno);
  if (status != 0) return io_error(status);
  return fd;
}

}  // namespace

Result<os::UniqueFd> SystemDialer::dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) {
  const aws::Until until(clock_, timeout_ms);
  NES_TRY_ASSIGN(const auto addresses, resolve(always_.value_or(std::string(host)), port, until));
  std::optional<Error> last;
  for (const SocketAddress& address : addresses) {
    auto fd = connect(address, until);
    if (fd.ok()) return fd;
    last = fd.error();
  }
  return *last;
}

}  // namespace nes::nitro_enc
