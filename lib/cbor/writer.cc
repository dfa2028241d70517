#include "cbor/writer.h"

namespace nes::cbor {

Writer& Writer::head(Type type, std::uint64_t value) {
  const auto major = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 5);
  if (value < 24) {
    out_.push_back(static_cast<std::uint8_t>(major | value));
    return *this;
  }
  std::uint8_t info = 24;
  while (info < 27 && value >> (std::size_t{8} << (info - 24)) != 0) ++info;
  out_.push_back(static_cast<std::uint8_t>(major | info));
  for (std::size_t left = std::size_t{1} << (info - 24); left-- > 0;)
    out_.push_back(static_cast<std::uint8_t>(value >> (8 * left)));
  return *this;
}

Writer& Writer::content(ByteView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  return value < 0 ? head(Type::kNegative, static_cast<std::uint64_t>(-1 - value))
                   : head(Type::kUnsigned, static_cast<std::uint64_t>(value));
}

Writer& Writer::bytes(ByteView content) { return head(Type::kBytes, content.size()).content(content); }
Writer& Writer::text(std::string_view content) {
  return head(Type::kText, content.size()).content(as_bytes(content));
}
Writer& Writer::array(std::size_t elements) { return head(Type::kArray, elements); }
Writer& Writer::map(std::size_t pairs) { return head(Type::kMap, pairs); }
Writer& Writer::tag(std::uint64_t number) { return head(Type::kTag, number); }
Writer& Writer::boolean(bool value) { return head(Type::kSimple, value ? 21 : 20); }
Writer& Writer::null() { return head(Type::kSimple, 22); }

}  // namespace nes::cbor
