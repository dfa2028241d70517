// Giving up what a process no longer needs.
//
// Thread rule: call these while the process has one thread; capabilities belong to threads.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/result.h"

namespace nes::os {

struct UserIds {
  uid_t uid = 0;
  gid_t gid = 0;

  friend bool operator==(const UserIds&, const UserIds&) = default;
};

// The ids of `name` in the text of a passwd file (passwd(5)); a static program has no other way to look it
// up. kNotFound; kMalformed with the line's number as position if the user's line is not one.
Result<UserIds> find_user(std::string_view passwd, std::string_view name);

// From root to `ids`, for good: no other groups, no capabilities, and no way back, which is tried.
// kNotAllowed if `ids` are root's or there was a way back; kIo with errno as position.
Result<void> become_user(const UserIds& ids);

// Gives up every capability of the process and every way to get one: ambient and inheritable ones, and
// programs that would bring them (no_new_privs). kIo with errno as position.
Result<void> drop_capabilities();

}  // namespace nes::os
