// All that the enclave has of AWS, made from its configuration: the way out through the parent, credentials,
// and on them keys, schemas and, if so configured, the certificate.
//
// Thread rule: one thread, the refresher's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "attest/nsm.h"
#include "aws/exchange.h"
#include "base/clock.h"
#include "base/result.h"
#include "enclave/config/config.h"
#include "enclave/service/certificate.h"
#include "enclave/service/schema_store.h"
#include "keyring/keyring.h"
#include "os/endpoint.h"

namespace nes::service {

class Cloud {
 public:
  struct Options {
    os::Endpoint parent;                                 // its ports are the configuration's
    std::string ca_pem;                                  // what remotes are verified against
    std::optional<aws::Address> endpoint{};              // all of AWS, for development
    std::function<void(std::int64_t us)> on_kms_call{};  // aws::Client's
  };

  // The references must outlive the result. `nsm` is null only if neither keys() nor certificate() will be
  // asked for. kMalformed if ca_pem holds no certificates; kCrypto.
  static Result<std::unique_ptr<Cloud>> create(const config::Config& config, const Options& options,
                                               attest::Nsm* nsm, const Clock& clock);
  virtual ~Cloud() = default;

  virtual keyring::KeySource& keys() = 0;
  virtual SchemaSource& schemas() = 0;
  // Only with TLS_SECRET_ARN.
  virtual CertificateSource& certificate() = 0;
  // Makes sure that there are credentials, ahead of their use. aws::CredentialsProvider's errors.
  virtual Result<void> refresh_credentials() = 0;
  // Lets whatever is asked for fail at once, from now on. Any thread.
  virtual void interrupt() = 0;
};

}  // namespace nes::service
