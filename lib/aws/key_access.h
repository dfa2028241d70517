// Who may use a key of KMS: its policy and its grants. For the operator's tools; the enclave needs none of
// it.
#pragma once

#include <string>
#include <vector>

#include "aws/client.h"
#include "base/result.h"

namespace nes::aws {

struct KeyGrant {
  std::string id;
  std::string grantee;  // a principal, or the name of a service
  std::vector<std::string> operations;
};

// Thread rule: one thread, the client's.
class KeyAccess {
 public:
  // `client` must outlive this. `key_id`: a key's ARN or id, never an alias.
  KeyAccess(Client& client, std::string key_id) noexcept : client_(client), key_id_(std::move(key_id)) {}

  // The text of the key's policy. kMalformed if the answer has none; else Client's errors, as below.
  Result<std::string> policy();
  // In the place of the one that there is. KMS refuses one that would lock its caller out.
  Result<void> put_policy(std::string_view policy);
  // All pages. kLimit for more than limits::kAwsPages; kMalformed for a page that says there is more and does
  // not say where, or for a grant without an id.
  Result<std::vector<KeyGrant>> grants();

 private:
  Client& client_;
  std::string key_id_;
};

}  // namespace nes::aws
