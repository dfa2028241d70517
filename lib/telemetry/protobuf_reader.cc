#include "telemetry/protobuf_reader.h"

namespace nes::telemetry {

std::optional<std::uint64_t> ProtobufReader::varint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ProtobufReader::fixed(std::size_t size) noexcept {
  if (rest_.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
  rest_.remove_prefix(size);
  return value;
}

std::optional<ProtobufField> ProtobufReader::next() noexcept {
  const auto key = varint();
  if (!key || *key >> 3 == 0 || *key >> 3 > 0x1FFFFFFF) return std::nullopt;
  ProtobufField field{.number = static_cast<std::uint32_t>(*key >> 3)};
  std::optional<std::uint64_t> value;
  switch (*key & 7) {
    case 0: value = varint(); break;
    case 1: value = fixed(8); break;
    case 5: value = fixed(4); break;
    case 2: {
      value = varint();
      if (!value || *value > rest_.size()) return std::nullopt;
      field.bytes = rest_.substr(0, static_cast<std::size_t>(*value));
      rest_.remove_prefix(field.bytes.size());
      return field;
    }
    default: break;
  }
  if (!value) return std::nullopt;
  field.value = *value;
  return field;
}

ProtobufField protobuf_field(std::string_view message, std::uint32_t number) noexcept {
  ProtobufField last;
  ProtobufReader reader(message);
  while (const auto field = reader.next())
    if (field->number == number) last = *field;
  return last;
}

}  // namespace nes::telemetry
