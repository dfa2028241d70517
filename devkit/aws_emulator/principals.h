// Who has access keys: an administrator with a long-lived key, and sessions of the role that the metadata
// service hands out. All of them survive a restart.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/result.h"
#include "devkit/aws_emulator/api.h"

namespace nes::aws_emulator {

struct Principal {
  aws::Credentials credentials;
  Caller caller;
  std::string user_id;  // as GetCallerIdentity says it
  std::int64_t issued_unix_ms = 0;
};

inline constexpr std::string_view kInstanceId = "i-0123456789abcdef0";  // that the role's sessions are of

// Thread rule: one call at a time.
class Principals {
 public:
  struct Options {
    std::string account;
    std::string role_name;  // of the metadata service
    std::int64_t session_lifetime_ms = 6 * 3600 * 1000;
    // Both or none. None: the stored ones, or new ones.
    std::string admin_access_key_id{};
    std::string admin_secret_access_key{};
  };

  // Reads or makes the state `principals`, and writes the administrator's key as `admin-credentials` (mode
  // 0600, the form of AWS's shared credentials file) beside it. The references must outlive this. kIo;
  // kMalformed if the state is not what save() wrote; kConfig for an access key that is none, or state of
  // another account.
  static Result<Principals> open(Store& store, const Clock& clock, Options options);

  // Null if nobody has this access key. Valid until the next call that is not const.
  const Principal* find(std::string_view access_key_id) const;
  const Principal& administrator() const;
  const std::string& role_name() const noexcept { return options_.role_name; }

  // The role's current session, or a new one once less than half of its lifetime is left. kIo.
  Result<const Principal*> role_session();

  // All sessions so far are over: as if their time had come. kIo.
  Result<void> expire_sessions();

 private:
  Principals(Store& store, const Clock& clock, Options options) noexcept
      : store_(&store), clock_(&clock), options_(std::move(options)) {}
  Result<void> load(std::string_view text);
  Result<void> save();
  Result<void> write_credentials_file() const;
  Principal make_administrator() const;
  Principal make_session() const;
  void forget_old_sessions();
  void add(Principal principal);

  Store* store_;
  const Clock* clock_;
  Options options_;
  std::map<std::string, Principal, std::less<>> by_key_id_;
  std::string administrator_id_;
};

}  // namespace nes::aws_emulator
