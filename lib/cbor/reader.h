// A cursor over CBOR (RFC 8949): the strict subset that NSM and COSE messages need.
//
// Accepted are integers, byte and text strings, arrays, maps, tags, true, false and null, with definite
// lengths and every head in its shortest form. Refused are indefinite lengths, floating point, other simple
// values, and text that is not UTF-8. The caller says what comes next; there is no tree.
//
//   Reader reader(bytes);
//   NES_TRY_ASSIGN(const std::size_t members, reader.map());
//
// Errors: kTruncated if the bytes end early, kMalformed for anything that is not what was asked for; the
// position is the offset of the item. After an error the reader stands where it stood.
//
// Thread rule: an instance belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::cbor {

// Major types (RFC 8949 section 3.1).
enum class Type : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

class Reader {
 public:
  // `bytes` must outlive the reader and every view that it returns.
  explicit Reader(ByteView bytes) noexcept : bytes_(bytes) {}

  // The next item's type; kTruncated at the end.
  Result<Type> peek() const;
  bool next_is_null() const noexcept;
  std::size_t offset() const noexcept { return at_; }

  Result<std::uint64_t> unsigned_integer();
  // Of either sign. kMalformed as well if it does not fit.
  Result<std::int64_t> integer();
  Result<ByteView> bytes();
  Result<std::string_view> text();
  // The number of elements, or of pairs. Never more than there are bytes left for: each takes one or two at
  // least.
  Result<std::size_t> array();
  Result<std::size_t> map();
  Result<std::uint64_t> tag();
  Result<bool> boolean();
  Result<void> null();

  // kMalformed if bytes are left.
  Result<void> expect_end() const;

 private:
  struct Head {
    Type type;
    std::uint64_t value;
    std::size_t end;  // the offset behind it
  };
  Result<Head> head() const;
  Result<Head> head_of(Type type) const;
  Result<ByteView> string_of(Type type);
  Result<std::size_t> count_of(Type type, std::size_t bytes_each);
  Error malformed(base::StaticText reason) const noexcept { return {ErrorCode::kMalformed, reason, at_}; }
  Error truncated() const noexcept { return {ErrorCode::kTruncated, "CBOR ends early", at_}; }

  ByteView bytes_;
  std::size_t at_ = 0;
};

}  // namespace nes::cbor
