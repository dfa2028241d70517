// AWS Secrets Manager, as far as keys and certificates here need it: secrets with versions and staging
// labels, limits and errors as AWS has them. Tags, rotation, replication and resource policies are not kept.
// Every principal of the account may do everything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "devkit/aws_emulator/api.h"
#include "devkit/aws_emulator/secrets_request.h"
#include "devkit/aws_emulator/secrets_state.h"

namespace nes::aws_emulator {

class SecretsManager final : public JsonService {
 public:
  struct Options {
    std::string account;
    std::string region;
  };

  // Reads the state `secretsmanager`. The references must outlive this. kIo; kMalformed.
  static Result<SecretsManager> open(Store& store, const Clock& clock, Options options);

  // A change is saved before it is answered; an operation that is refused changes nothing.
  Answer call(std::string_view operation, std::string_view body, const Caller& caller) override;

 private:
  using Operation = Answer (SecretsManager::*)(const SecretsRequest&);
  struct Named;  // an operation by its name

  SecretsManager(Store& store, const Clock& clock, Options options) noexcept
      : store_(&store), clock_(&clock), options_(std::move(options)) {}

  Answer create_secret(const SecretsRequest& request);
  Answer put_secret_value(const SecretsRequest& request);
  Answer get_secret_value(const SecretsRequest& request);
  Answer describe_secret(const SecretsRequest& request);
  Answer list_secret_version_ids(const SecretsRequest& request);
  Answer update_secret_version_stage(const SecretsRequest& request);
  Answer list_secrets(const SecretsRequest& request);
  Answer delete_secret(const SecretsRequest& request);
  Answer restore_secret(const SecretsRequest& request);

  // By name, ARN, or ARN without its six random characters; null if there is none.
  StoredSecret* find(const SecretsRequest& request);
  Answer add_version(StoredSecret& secret, const SecretsRequest& request, std::vector<std::string> stages);
  void remove_what_is_due();

  Store* store_;
  const Clock* clock_;
  Options options_;
  Secrets secrets_;
};

}  // namespace nes::aws_emulator
