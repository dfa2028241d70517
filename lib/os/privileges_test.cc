#include "os/privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

#include <gtest/gtest.h>

namespace nes::os {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "enclave-svc-old:x:7:8::/:/sbin/nologin\n"
    "enclave-svc:x:10001:10002:the service:/:/sbin/nologin\n"
    "short:x:5\n"
    "text:x:five:5::/:\n"
    "minus:x:5:4294967295::/:\n"
    "last:x:4294967294:1";

TEST(FindUser, finds_the_ids_of_the_whole_name) {
  EXPECT_EQ(*find_user(kPasswd, "enclave-svc"), (UserIds{10001, 10002}));
  EXPECT_EQ(*find_user(kPasswd, "root"), (UserIds{0, 0}));
  EXPECT_EQ(*find_user(kPasswd, "last"), (UserIds{4294967294U, 1}));
}

TEST(FindUser, does_not_find_a_part_of_a_name_or_another_field) {
  for (const std::string_view name : {"enclave", "enclave-svc-ol", "svc", "x", "10001", "nobody"}) {
    const auto ids = find_user(kPasswd, name);
    ASSERT_FALSE(ids.ok()) << name;
    EXPECT_EQ(ids.error().code, ErrorCode::kNotFound);
  }
  EXPECT_FALSE(find_user("", "root").ok());
}

TEST(FindUser, refuses_a_line_without_ids_and_says_which) {
  std::uint64_t line = 4;
  for (const std::string_view name : {"short", "text", "minus"}) {
    const auto ids = find_user(kPasswd, name);
    ASSERT_FALSE(ids.ok()) << name;
    EXPECT_EQ(ids.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(ids.error().position, line++);
  }
}

// Whether `check` holds in a process of its own, so that this one stays what it is.
bool holds_in_child(const std::function<bool()>& check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool has_no_capability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  for (const auto& set : sets)
    if (set.effective != 0 || set.permitted != 0 || set.inheritable != 0) return false;
  return true;
}

TEST(DropCapabilities, leaves_none_and_forbids_new_ones) {
  EXPECT_TRUE(holds_in_child([] {
    return drop_capabilities().ok() && has_no_capability() && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  }));
}

TEST(BecomeUser, refuses_root_itself) {
  for (const UserIds ids : {UserIds{0, 5}, UserIds{5, 0}, UserIds{0, 0}}) {
    const auto became = become_user(ids);
    ASSERT_FALSE(became.ok());
    EXPECT_EQ(became.error().code, ErrorCode::kNotAllowed);
  }
}

TEST(BecomeUser, is_for_good) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  EXPECT_TRUE(holds_in_child([] {
    uid_t uids[3];
    gid_t gids[3];
    return become_user({10001, 10002}).ok() && has_no_capability() && ::getgroups(0, nullptr) == 0 &&
           ::getresuid(&uids[0], &uids[1], &uids[2]) == 0 && uids[0] == 10001 && uids[1] == 10001 &&
           uids[2] == 10001 && ::getresgid(&gids[0], &gids[1], &gids[2]) == 0 && gids[0] == 10002 &&
           gids[1] == 10002 && gids[2] == 10002 && ::setuid(0) != 0;
  }));
}

TEST(BecomeUser, needs_root) {
  EXPECT_TRUE(holds_in_child([] {
    if (::geteuid() == 0 && (!become_user({10001, 10002}).ok())) return false;
    const auto became = become_user({10003, 10004});
    return !became.ok() && became.error().code == ErrorCode::kIo;
  }));
}

}  // namespace
}  // namespace nes::os
