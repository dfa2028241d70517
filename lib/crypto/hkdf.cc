#include "crypto/hkdf.h"

#include <array>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

namespace nes::crypto {
namespace {

struct FreeKdf {
  void operator()(EVP_KDF* kdf) const noexcept { EVP_KDF_free(kdf); }
};
struct FreeContext {
  void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
};

// OSSL_PARAM has no const; the library only reads what these point to.
OSSL_PARAM octets(const char* name, ByteView bytes) noexcept {
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

bool derive(ByteView secret, ByteView salt, ByteView info, ByteSpan out) noexcept {
  const std::unique_ptr<EVP_KDF, FreeKdf> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  if (kdf == nullptr) return false;
  const std::unique_ptr<EVP_KDF_CTX, FreeContext> context(EVP_KDF_CTX_new(kdf.get()));
  if (context == nullptr) return false;
  char digest[] = "SHA256";
  // A parameter that is left out is the empty string to HKDF.
  std::array<OSSL_PARAM, 5> parameters{};
  std::size_t count = 0;
  parameters[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
  parameters[count++] = octets(OSSL_KDF_PARAM_KEY, secret);
  if (!salt.empty()) parameters[count++] = octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) parameters[count++] = octets(OSSL_KDF_PARAM_INFO, info);
  parameters[count] = OSSL_PARAM_construct_end();
  return EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1;
}

}  // namespace

Result<void> hkdf_sha256(const secret::SecretBytes& secret, ByteView salt, ByteView info, ByteSpan out) {
  if (out.size() > kHkdfSha256MaxOutput) {
    secret::wipe(out);
    return Error{ErrorCode::kLimit, "HKDF-SHA256 gives at most 8160 bytes"};
  }
  if (secret.empty() || out.empty()) {
    secret::wipe(out);
    return Error{ErrorCode::kMalformed, "HKDF-SHA256 needs a secret and a place for its output"};
  }
  if (derive(secret.reveal(), salt, info, out)) return {};
  secret::wipe(out);
  return Error{ErrorCode::kCrypto, "HKDF-SHA256 failed"};
}

}  // namespace nes::crypto
