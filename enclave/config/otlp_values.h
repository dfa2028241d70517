// Values of the OTEL_ variables. Unlike the specification, which lets an SDK ignore what it cannot read, a
// wrong value is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "enclave/config/variable.h"

namespace nes::config {

enum class OtlpProtocol : std::uint8_t { kGrpc, kHttpProtobuf, kHttpJson };
enum class OtlpCompression : std::uint8_t { kNone, kGzip };

enum class Sampler : std::uint8_t {
  kAlwaysOn,
  kAlwaysOff,
  kTraceIdRatio,
  kParentBasedAlwaysOn,
  kParentBasedAlwaysOff,
  kParentBasedTraceIdRatio,
};

// Keys are unique; in the order given.
using KeyValues = std::vector<std::pair<std::string, std::string>>;

// The enumerations of the specification compare without regard to case.
Value<OtlpProtocol> parse_otlp_protocol(std::string_view text);
Value<OtlpCompression> parse_otlp_compression(std::string_view text);
Value<Sampler> parse_sampler(std::string_view text);
Value<bool> parse_otel_boolean(std::string_view text);
// Whether a signal is exported: `otlp` or `none`.
Value<bool> parse_otel_exporter(std::string_view text);

// A decimal fraction from 0 to 1, such as 0.25; no sign, no exponent.
Value<double> parse_ratio(std::string_view text);

// At most 255 bytes of UTF-8 without control characters.
Value<std::string> parse_service_name(std::string_view text);

// key=value pairs separated by commas, in the manner of W3C Baggage: white space around keys and values is
// dropped and values are percent-decoded. Header names are tokens, returned in lower case, and none that the
// exporter sets itself; header values are printable ASCII.
Value<KeyValues> parse_otlp_headers(std::string_view text);
// Likewise; keys are printable ASCII and values UTF-8 without control characters.
Value<KeyValues> parse_resource_attributes(std::string_view text);

}  // namespace nes::config
