#include "devkit/nsm_emulator/digest.h"

#include <memory>

#include <openssl/evp.h>

namespace nes::nsm_emulator {

Result<attest::Pcr> sha384(std::initializer_list<ByteView> parts) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha384(), nullptr) == 1;
  for (const ByteView part : parts) ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  attest::Pcr digest{};
  if (!ok || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
    return Error{ErrorCode::kCrypto, "OpenSSL failed to make a digest"};
  return digest;
}

}  // namespace nes::nsm_emulator
