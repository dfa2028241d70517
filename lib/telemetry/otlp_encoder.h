// Writes messages of OTLP in either of their two encodings, so that what a message holds is said once: as
// protobuf (proto3), or as OTLP's JSON (OTLP specification, "JSON Protobuf Encoding": lowerCamelCase names,
// 64-bit integers as decimal strings, ids in hex).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace nes::telemetry {

// A field of a message: its number in protobuf, its name in JSON. Literals.
struct OtlpField {
  std::uint32_t number;
  std::string_view name;
};

// Fields are written to the message that was begun last. Not thread-safe.
class OtlpEncoder {
 public:
  virtual ~OtlpEncoder() = default;

  virtual void begin(OtlpField field) = 0;  // a message as a field
  virtual void end() = 0;
  virtual void begin_list(OtlpField field) = 0;  // a repeated field of messages
  virtual void begin_item() = 0;                 // one of them; end() ends it
  virtual void end_list() = 0;

  virtual void text(OtlpField field, std::string_view value) = 0;  // what is no UTF-8 becomes U+FFFD
  virtual void id(OtlpField field, ByteView value) = 0;            // of a trace or a span
  virtual void boolean(OtlpField field, bool value) = 0;
  virtual void small(OtlpField field, std::uint32_t value) = 0;    // uint32 or an enumeration
  virtual void integer(OtlpField field, std::int64_t value) = 0;   // int64
  virtual void fixed64(OtlpField field, std::uint64_t value) = 0;  // fixed64 or sfixed64
  virtual void fixed32(OtlpField field, std::uint32_t value) = 0;  // fixed32
  virtual void real(OtlpField field, double value) = 0;            // finite
  virtual void fixed64s(OtlpField field, std::span<const std::uint64_t> values) = 0;  // packed
  virtual void reals(OtlpField field, std::span<const double> values) = 0;            // packed

  // The message, once everything that was begun has ended. Call once.
  virtual std::string take() = 0;
};

std::unique_ptr<OtlpEncoder> otlp_protobuf();
std::unique_ptr<OtlpEncoder> otlp_json();

}  // namespace nes::telemetry
