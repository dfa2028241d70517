#include "attest/tls_binding.h"

#include "crypto/sha256.h"

namespace nes::attest {

Result<Bytes> tls_user_data(ByteView public_key_der) {
  constexpr std::string_view kDomain{"nes-tls-v1\0", 11};
  NES_TRY_ASSIGN(const crypto::Sha256Digest digest, crypto::sha256({as_bytes(kDomain), public_key_der}));
  return Bytes(digest.begin(), digest.end());
}

}  // namespace nes::attest
