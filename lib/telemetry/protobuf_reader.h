// Reads the fields of a protobuf message that is in memory: what a collector answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nes::telemetry {

struct ProtobufField {
  std::uint32_t number = 0;
  std::uint64_t value = 0;      // of a number; fixed ones as they are
  std::string_view bytes = {};  // of a field that has a length
};

class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) noexcept : rest_(message) {}

  // The next field, in the message's order; nothing at its end, or from where it is no message on.
  std::optional<ProtobufField> next() noexcept;

 private:
  std::optional<std::uint64_t> varint() noexcept;
  std::optional<std::uint64_t> fixed(std::size_t size) noexcept;
  std::string_view rest_;
};

// The last field of this number (proto3: it counts); a default one if there is none.
ProtobufField protobuf_field(std::string_view message, std::uint32_t number) noexcept;

}  // namespace nes::telemetry
