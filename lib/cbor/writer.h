// Writes CBOR (RFC 8949) with definite lengths and every head in its shortest form, in the order of the
// calls. That an array or map gets as many items as it was announced with is the caller's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "cbor/reader.h"

namespace nes::cbor {

// Thread rule: an instance belongs to one thread.
class Writer {
 public:
  Writer& integer(std::int64_t value);
  Writer& bytes(ByteView content);
  Writer& text(std::string_view content);  // UTF-8
  Writer& array(std::size_t elements);
  Writer& map(std::size_t pairs);
  Writer& tag(std::uint64_t number);
  Writer& boolean(bool value);
  Writer& null();

  const Bytes& result() const& noexcept { return out_; }
  Bytes result() && noexcept { return std::move(out_); }

 private:
  Writer& head(Type type, std::uint64_t value);
  Writer& content(ByteView bytes);
  Bytes out_;
};

}  // namespace nes::cbor
