// Where the certificate that clients see comes from (CONTRACTS section 7).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attest/nsm.h"
#include "aws/secrets_manager.h"
#include "base/clock.h"
#include "base/result.h"
#include "keyring/attested_decrypter.h"
#include "tls/identity.h"

namespace nes::service {

// Called from one thread at a time.
class CertificateSource {
 public:
  virtual ~CertificateSource() = default;
  // What to show from now on. May block.
  virtual Result<std::shared_ptr<const tls::Identity>> renew() = 0;
  virtual base::StaticText name() const noexcept = 0;
  // Whether renew() asks the network, so that start-up cannot wait for it.
  virtual bool is_remote() const noexcept = 0;
  // Whether a document of the NSM stands in the certificate.
  virtual bool is_attested() const noexcept = 0;
};

// A key and a CA made at first use, and leaves under them that carry an attestation document.
class BootCertificate final : public CertificateSource {
 public:
  // `nsm` may be null, without a document then; it and `clock` must outlive this.
  BootCertificate(std::vector<std::string> names, attest::Nsm* nsm, const Clock& clock) noexcept
      : names_(std::move(names)), nsm_(nsm), clock_(clock) {}

  // tls::BootIdentity's errors and the NSM's.
  Result<std::shared_ptr<const tls::Identity>> renew() override;
  base::StaticText name() const noexcept override { return "boot"; }
  bool is_remote() const noexcept override { return false; }
  bool is_attested() const noexcept override { return nsm_ != nullptr; }

 private:
  const std::vector<std::string> names_;
  attest::Nsm* const nsm_;
  const Clock& clock_;
  std::unique_ptr<tls::BootIdentity> identity_;
};

// TLS_SECRET_ARN: a certificate of somebody's CA, whose key KMS gives to the measured image alone.
class SecretCertificate final : public CertificateSource {
 public:
  // The references must outlive this.
  SecretCertificate(aws::SecretsManager& secrets, keyring::Decrypter& decrypter,
                    std::string secret_arn) noexcept
      : secrets_(secrets), decrypter_(decrypter), secret_arn_(std::move(secret_arn)) {}

  // kMalformed if the secret is not {"certificate": PEM chain, "encryptedKey": base64 of KMS(PKCS #8 DER)},
  // or if the key is not the certificate's; else the clients' errors.
  Result<std::shared_ptr<const tls::Identity>> renew() override;
  base::StaticText name() const noexcept override { return "secret"; }
  bool is_remote() const noexcept override { return true; }
  bool is_attested() const noexcept override { return false; }

 private:
  aws::SecretsManager& secrets_;
  keyring::Decrypter& decrypter_;
  const std::string secret_arn_;
};

}  // namespace nes::service
