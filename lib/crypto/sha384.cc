#include "crypto/sha384.h"

#include <gcrypt.h>

#include <algorithm>
#include <memory>

#include "crypto/initialize.h"

namespace nes::crypto {
namespace {

struct Close {
  void operator()(gcry_md_hd_t handle) const noexcept { gcry_md_close(handle); }
};

}  // namespace

Result<Sha384Digest> sha384(std::span<const ByteView> parts) {
  const Error failed{ErrorCode::kCrypto, "SHA-384 is not available"};
  NES_TRY(initialize());
  gcry_md_hd_t opened = nullptr;
  if (gcry_md_open(&opened, GCRY_MD_SHA384, 0) != 0) return failed;
  const std::unique_ptr<gcry_md_handle, Close> handle(opened);
  for (const ByteView part : parts)
    if (!part.empty()) gcry_md_write(handle.get(), part.data(), part.size());
  const unsigned char* read = gcry_md_read(handle.get(), GCRY_MD_SHA384);
  if (read == nullptr) return failed;
  Sha384Digest digest;
  std::copy_n(read, digest.size(), digest.begin());
  return digest;
}

}  // namespace nes::crypto
