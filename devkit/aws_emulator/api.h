// What the emulated services have in common: who calls, what is answered, and where state is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace nes::aws_emulator {

// Who a verified signature belongs to.
struct Caller {
  std::string arn;  // arn:aws:sts::111122223333:assumed-role/ROLE/SESSION, or an IAM user's or role's ARN
  std::string
      role_arn;  // the role behind an assumed-role session: what a Principal in a policy names; else arn
  std::string account;  // 12 digits
};

struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

// {"__type": type, "message": message}, with x-amzn-ErrorType: how AWS's JSON services refuse.
Answer json_error(int status, std::string_view type, std::string_view message);

// A service of the JSON protocol. Thread rule: one call at a time; the server holds a lock.
class JsonService {
 public:
  virtual ~JsonService() = default;
  // `operation` is what follows the dot of X-Amz-Target.
  virtual Answer call(std::string_view operation, std::string_view body, const Caller& caller) = 0;
};

// Named texts that outlive the process: a directory with a file for each, replaced atomically and synced, so
// that a crash leaves the old or the new one.
class Store {
 public:
  // Makes the directory if there is none. kIo.
  static Result<Store> open(std::string directory);
  // `name`: [a-z0-9-]+. Nothing if it was never saved; kIo.
  Result<std::optional<std::string>> load(std::string_view name) const;
  Result<void> save(std::string_view name, std::string_view text);
  const std::string& directory() const noexcept { return directory_; }

 private:
  explicit Store(std::string directory) noexcept : directory_(std::move(directory)) {}
  std::string directory_;
};

}  // namespace nes::aws_emulator
