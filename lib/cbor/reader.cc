#include "cbor/reader.h"

#include <limits>

#include "base/utf8.h"

namespace nes::cbor {
namespace {

constexpr std::uint8_t kFalse = 0xF4, kTrue = 0xF5, kNull = 0xF6;

}  // namespace

Result<Type> Reader::peek() const {
  if (at_ == bytes_.size()) return truncated();
  return static_cast<Type>(bytes_[at_] >> 5);
}

bool Reader::next_is_null() const noexcept { return at_ < bytes_.size() && bytes_[at_] == kNull; }

// RFC 8949 section 3: the argument is in the low five bits, or in the 1, 2, 4 or 8 bytes that follow.
Result<Reader::Head> Reader::head() const {
  if (at_ == bytes_.size()) return truncated();
  const std::uint8_t first = bytes_[at_];
  const auto type = static_cast<Type>(first >> 5);
  const std::uint8_t info = first & 0x1F;
  if (type == Type::kSimple && first != kFalse && first != kTrue && first != kNull)
    return malformed("a simple value or float that has no place here");
  if (info < 24) return Head{type, info, at_ + 1};
  if (info > 27) return malformed("an indefinite length or a reserved head");
  const std::size_t size = std::size_t{1} << (info - 24);
  if (bytes_.size() - at_ - 1 < size) return truncated();
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes_.subspan(at_ + 1, size)) value = value << 8 | byte;
  // Section 4.2.1: what fits into less is not in preferred serialization.
  const std::uint64_t least = size == 1 ? 24 : std::uint64_t{1} << (size * 4);
  if (value < least) return malformed("a head that is not in its shortest form");
  return Head{type, value, at_ + 1 + size};
}

Result<Reader::Head> Reader::head_of(Type type) const {
  NES_TRY_ASSIGN(const Head head, this->head());
  if (head.type != type) return malformed("an item of another type than expected");
  return head;
}

Result<std::uint64_t> Reader::unsigned_integer() {
  NES_TRY_ASSIGN(const Head head, head_of(Type::kUnsigned));
  at_ = head.end;
  return head.value;
}

Result<std::int64_t> Reader::integer() {
  NES_TRY_ASSIGN(const Head head, this->head());
  if (head.type != Type::kUnsigned && head.type != Type::kNegative) return malformed("not an integer");
  if (head.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return malformed("an integer that is too large");
  at_ = head.end;
  const auto value = static_cast<std::int64_t>(head.value);
  return head.type == Type::kUnsigned ? value : -1 - value;
}

Result<ByteView> Reader::string_of(Type type) {
  NES_TRY_ASSIGN(const Head head, head_of(type));
  if (head.value > bytes_.size() - head.end) return truncated();
  const auto size = static_cast<std::size_t>(head.value);
  const ByteView content = bytes_.subspan(head.end, size);
  if (type == Type::kText && !base::is_utf8(as_text(content))) return malformed("text that is not UTF-8");
  at_ = head.end + size;
  return content;
}

Result<ByteView> Reader::bytes() { return string_of(Type::kBytes); }

Result<std::string_view> Reader::text() {
  NES_TRY_ASSIGN(const ByteView content, string_of(Type::kText));
  return as_text(content);
}

Result<std::size_t> Reader::count_of(Type type, std::size_t bytes_each) {
  NES_TRY_ASSIGN(const Head head, head_of(type));
  if (head.value > (bytes_.size() - head.end) / bytes_each) return truncated();
  at_ = head.end;
  return static_cast<std::size_t>(head.value);
}

Result<std::size_t> Reader::array() { return count_of(Type::kArray, 1); }
Result<std::size_t> Reader::map() { return count_of(Type::kMap, 2); }

Result<std::uint64_t> Reader::tag() {
  NES_TRY_ASSIGN(const Head head, head_of(Type::kTag));
  at_ = head.end;
  return head.value;
}

Result<bool> Reader::boolean() {
  NES_TRY_ASSIGN(const Head head, head_of(Type::kSimple));
  if (bytes_[at_] == kNull) return malformed("null instead of true or false");
  const bool value = bytes_[at_] == kTrue;
  at_ = head.end;
  return value;
}

Result<void> Reader::null() {
  NES_TRY_ASSIGN(const Head head, head_of(Type::kSimple));
  if (!next_is_null()) return malformed("not null");
  at_ = head.end;
  return {};
}

Result<void> Reader::expect_end() const {
  if (at_ != bytes_.size()) return malformed("bytes follow the end");
  return {};
}

}  // namespace nes::cbor
