#include "crypto/random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "secret/secret.h"

namespace nes::crypto {

void fill_random(ByteSpan out) noexcept {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    NES_CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

NoncePool::~NoncePool() { secret::wipe(bytes_); }

void NoncePool::take(std::span<std::uint8_t, kNonceSize> out) noexcept {
  if (used_ == bytes_.size()) {
    fill_random(bytes_);
    used_ = 0;
  }
  const ByteSpan nonce = ByteSpan(bytes_).subspan(used_, kNonceSize);
  std::copy(nonce.begin(), nonce.end(), out.begin());
  secret::wipe(nonce);
  used_ += kNonceSize;
}

}  // namespace nes::crypto
