// The cursor for untrusted bytes. Every read checks what is left; after a failed read the cursor stays
// failed, so that a parser may read several fields and check once with expect_end() or ok().
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::base {

class ByteReader {
 public:
  // `bytes` must outlive the reader and every view that it returns.
  explicit ByteReader(ByteView bytes) noexcept : rest_(bytes) {}

  bool ok() const noexcept { return ok_; }
  std::size_t remaining() const noexcept { return ok_ ? rest_.size() : 0; }

  // Big-endian integers; 0 after a failure.
  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(unsigned_be(1)); }
  std::uint16_t u16be() noexcept { return static_cast<std::uint16_t>(unsigned_be(2)); }
  std::uint32_t u32be() noexcept { return static_cast<std::uint32_t>(unsigned_be(4)); }
  std::uint64_t u64be() noexcept { return unsigned_be(8); }

  // The next n bytes; empty after a failure.
  ByteView bytes(std::size_t n) noexcept {
    if (!ok_ || n > rest_.size()) {
      ok_ = false;
      return {};
    }
    const ByteView taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }

  // kTruncated if a read went past the end, kMalformed if bytes are left over.
  Result<void> expect_end() const noexcept {
    if (!ok_) return Error{ErrorCode::kTruncated, "bytes end early"};
    if (!rest_.empty()) return Error{ErrorCode::kMalformed, "bytes follow the end"};
    return {};
  }

 private:
  std::uint64_t unsigned_be(std::size_t size) noexcept {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes(size)) value = value << 8 | byte;
    return value;
  }

  ByteView rest_;
  bool ok_ = true;
};

}  // namespace nes::base
