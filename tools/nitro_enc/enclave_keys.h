// What a running enclave says of its keys (`GET /v1/keys`), and whether by that a key is out of use.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/exchange.h"
#include "base/result.h"
#include "tools/nitro_enc/command.h"

namespace nes::nitro_enc {

struct EnclaveKey {
  std::string kid;
  std::string version_id;  // of the secret
  std::string state;       // "sealing", "opening"
  std::uint64_t opens = 0;
  std::optional<std::int64_t> last_open_unix_ms{};
};

struct EnclaveKeys {
  std::uint64_t uptime_secs = 0;
  std::vector<EnclaveKey> keys;

  // Null if it has not loaded that version.
  const EnclaveKey* find(std::string_view version_id) const noexcept;
};

// The body of an answer. kMalformed if it is anything else, a key without its version among it.
Result<EnclaveKeys> parse_enclave_keys(std::string_view json);

// Why the version `version_id` may still be in use at an enclave; empty if it is not. An enclave that does
// not list it cannot open with it; that counts only if the enclave is of this secret, which shows by its
// having loaded the version in use, `current_id`.
std::string why_in_use(const EnclaveKeys& enclave, std::string_view version_id, std::string_view current_id,
                       std::int64_t now_unix_ms, std::uint64_t quiet_secs);

// --url, --cacert and --server-name, behind `flags`.
std::vector<Flag> with_enclave_flags(std::vector<Flag> flags);

struct EnclaveAnswer {
  std::string url;
  Result<EnclaveKeys> keys;
};
// Asks every --url. Nothing, after a line on `err`, if a flag is wrong; `status` then says how.
std::optional<std::vector<EnclaveAnswer>> ask_enclaves(const Arguments& arguments, Context& context,
                                                       Status& status);

}  // namespace nes::nitro_enc
