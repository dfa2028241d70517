// HMAC-SHA256 (RFC 2104, FIPS 198-1) with a key that is set once: a message then costs no allocation and no
// key set-up.
//
// Not thread-safe: one object a thread. Move-only; closing wipes the key's state.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>

#include "base/result.h"
#include "secret/secret.h"

struct gcry_mac_handle;

namespace nes::crypto {

class HmacSha256 {
 public:
  static constexpr std::size_t kSize = 32;

  // A key of any length but 0: kMalformed. kCrypto if the library refuses. Keeps no reference to `key`.
  static Result<HmacSha256> create(const secret::SecretBytes& key);

  // Writes the HMAC of the concatenation of `parts`. Where they meet is not authenticated: a caller with more
  // than one part of free length says their lengths in the message. kCrypto if the library fails; `out` is
  // then wiped. `out` may be secret (it is where a nonce key is at work); wiping it is the caller's.
  Result<void> compute(std::initializer_list<ByteView> parts, std::span<std::uint8_t, kSize> out);

 private:
  struct Close {
    void operator()(gcry_mac_handle* handle) const noexcept;
  };
  explicit HmacSha256(gcry_mac_handle* handle) noexcept : handle_(handle) {}

  std::unique_ptr<gcry_mac_handle, Close> handle_;
};

}  // namespace nes::crypto
