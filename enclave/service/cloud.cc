#include "enclave/service/cloud.h"

#include <utility>

#include "aws/client.h"
#include "aws/kms.h"
#include "aws/s3.h"
#include "aws/secrets_manager.h"
#include "base/check.h"
#include "enclave/service/interruption.h"
#include "enclave/service/s3_schema_source.h"
#include "keyring/attested_decrypter.h"
#include "keyring/secret_source.h"

namespace nes::service {
namespace {

std::unique_ptr<aws::Dialer> dialer_of(const config::Config& config, const os::Endpoint& parent,
                                       const Clock& clock) {
  const os::Endpoint proxy = os::with_port(parent, config.vsock_proxy_port);
  if (config.vsock_proxy_mode == config::VsockProxyMode::kPorts)
    return std::make_unique<aws::PortsDialer>(proxy);
  return std::make_unique<aws::ConnectDialer>(proxy, clock);
}

std::unique_ptr<aws::CredentialsSource> credentials_of(const config::Config& config,
                                                       aws::Transport transport) {
  if (config.vsock_proxy_mode == config::VsockProxyMode::kPorts)
    return std::make_unique<aws::ImdsCredentials>(std::move(transport));
  return std::make_unique<aws::EgressCredentials>(std::move(transport));
}

// DEK_ENCRYPTION_CONTEXT is the key's alone.
std::map<std::string, aws::EncryptionContext, std::less<>> contexts_of(const config::Config& config) {
  if (!config.dek_encryption_context) return {};
  return {{config.secret_arn.text, *config.dek_encryption_context}};
}

// The members depend on those before them.
class ConnectedCloud final : public Cloud {
 public:
  ConnectedCloud(const config::Config& config, const Options& options, attest::Nsm* nsm, const Clock& clock,
                 std::shared_ptr<const tls::ClientContext> tls)
      : dialer_(dialer_of(config, options.parent, clock)),
        interruptible_dialer_(*dialer_, interruption_),
        transport_{interruptible_dialer_, std::move(tls), clock},
        source_(credentials_of(config, transport_)),
        pacing_{.random_below = aws::system_pacing().random_below,
                .sleep_ms = [this](std::int64_t ms) { interruption_.sleep_ms(ms); }},
        credentials_(*source_, clock, pacing_.random_below),
        client_(
            transport_, credentials_, pacing_,
            {.region = config.aws_region, .endpoint = options.endpoint, .on_kms_call = options.on_kms_call}),
        kms_(client_, config.kms_key_id),
        secrets_(client_),
        s3_(client_, config.s3_bucket),
        schemas_(s3_, config.s3_prefix) {
    if (nsm == nullptr) return;
    decrypter_.emplace(kms_, *nsm, contexts_of(config));
    keys_.emplace(secrets_, *decrypter_, config.secret_arn.text);
    if (config.tls_secret_arn) certificate_.emplace(secrets_, *decrypter_, config.tls_secret_arn->text);
  }

  keyring::KeySource& keys() override {
    NES_CHECK(keys_.has_value());
    return *keys_;
  }
  SchemaSource& schemas() override { return schemas_; }
  CertificateSource& certificate() override {
    NES_CHECK(certificate_.has_value());
    return *certificate_;
  }
  Result<void> refresh_credentials() override {
    const auto credentials = credentials_.get();
    if (!credentials.ok()) return credentials.error();
    return {};
  }

  void interrupt() override { interruption_.interrupt(); }

 private:
  Interruption interruption_;
  std::unique_ptr<aws::Dialer> dialer_;
  InterruptibleDialer interruptible_dialer_;
  aws::Transport transport_;
  std::unique_ptr<aws::CredentialsSource> source_;
  aws::Pacing pacing_;
  aws::CredentialsProvider credentials_;
  aws::Client client_;
  aws::Kms kms_;
  aws::SecretsManager secrets_;
  aws::S3 s3_;
  S3SchemaSource schemas_;
  std::optional<keyring::AttestedDecrypter> decrypter_;
  std::optional<keyring::SecretKeySource> keys_;
  std::optional<SecretCertificate> certificate_;
};

}  // namespace

Result<std::unique_ptr<Cloud>> Cloud::create(const config::Config& config, const Options& options,
                                             attest::Nsm* nsm, const Clock& clock) {
  NES_TRY_ASSIGN(auto tls, tls::ClientContext::create(options.ca_pem));
  return std::unique_ptr<Cloud>(
      std::make_unique<ConnectedCloud>(config, options, nsm, clock, std::move(tls)));
}

}  // namespace nes::service
