#include "crypto/hmac.h"

#include <gcrypt.h>

#include "base/check.h"
#include "crypto/initialize.h"

namespace nes::crypto {
namespace {

bool run(gcry_mac_hd_t handle, std::initializer_list<ByteView> parts, ByteSpan out) noexcept {
  if (gcry_mac_reset(handle) != 0) return false;
  for (const ByteView part : parts)
    if (!part.empty() && gcry_mac_write(handle, part.data(), part.size()) != 0) return false;
  std::size_t written = out.size();
  return gcry_mac_read(handle, out.data(), &written) == 0 && written == out.size();
}

}  // namespace

void HmacSha256::Close::operator()(gcry_mac_handle* handle) const noexcept { gcry_mac_close(handle); }

Result<HmacSha256> HmacSha256::create(const secret::SecretBytes& key) {
  if (key.empty()) return Error{ErrorCode::kMalformed, "an HMAC key is not empty"};
  NES_TRY(initialize());
  gcry_mac_hd_t handle = nullptr;
  if (gcry_mac_open(&handle, GCRY_MAC_HMAC_SHA256, 0, nullptr) != 0)
    return Error{ErrorCode::kCrypto, "HMAC-SHA256 is not available"};
  HmacSha256 mac(handle);
  const ByteView bytes = key.reveal();
  if (gcry_mac_setkey(handle, bytes.data(), bytes.size()) != 0)
    return Error{ErrorCode::kCrypto, "HMAC-SHA256 refuses the key"};
  return mac;
}

Result<void> HmacSha256::compute(std::initializer_list<ByteView> parts, std::span<std::uint8_t, kSize> out) {
  NES_CHECK(handle_ != nullptr);
  if (run(handle_.get(), parts, out)) return {};
  secret::wipe(out);
  return Error{ErrorCode::kCrypto, "HMAC-SHA256 failed"};
}

}  // namespace nes::crypto
