#include "enclave/config/otlp_values.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "base/limits.h"
#include "enclave/config/values.h"

namespace nes::config {
namespace {

// What the exporter sends by itself, or what would break the framing. In lower case.
constexpr std::string_view kExporterHeaders[] = {
    "connection", "content-encoding", "content-length",    "content-type", "expect", "host", "keep-alive",
    "te",         "trailer",          "transfer-encoding", "upgrade",
};

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const auto byte = base::hex_decode(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    decoded.push_back(static_cast<char>(byte->front()));
    i += 2;
  }
  return decoded;
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_header(const std::string& name, const std::string& value) {
  return is_http_token(name) && is_printable_ascii(value) && !name.starts_with("grpc-") &&
         std::find(std::begin(kExporterHeaders), std::end(kExporterHeaders), name) ==
             std::end(kExporterHeaders);
}

bool is_attribute(const std::string& key, const std::string& value) {
  return !key.empty() && is_printable_ascii(key) && is_printable_utf8(value);
}

// `accepts` judges a pair after decoding; keys are put in lower case first if `lower` says so.
Value<KeyValues> parse_pairs(std::string_view text, std::size_t max_pairs, bool lower,
                             bool (*accepts)(const std::string& key, const std::string& value)) {
  KeyValues pairs;
  for (const std::string_view piece : split(text, ',')) {
    const std::string number = "pair " + std::to_string(pairs.size() + 1) + " ";
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return Rejection{number + "has no ="};
    auto value = percent_decode(trim(piece.substr(equals + 1)));
    if (!value) return Rejection{number + "has a % without two hex digits"};
    const std::string_view name = trim(piece.substr(0, equals));
    std::string key = lower ? lower_case(name) : std::string(name);
    if (!accepts(key, *value)) return Rejection{number + "has a key or a value that is not allowed"};
    const bool repeated =
        std::any_of(pairs.begin(), pairs.end(), [&key](const auto& pair) { return pair.first == key; });
    if (repeated) return Rejection{number + "repeats a key"};
    if (pairs.size() == max_pairs) return Rejection{"has more than " + std::to_string(max_pairs) + " pairs"};
    pairs.emplace_back(std::move(key), *std::move(value));
  }
  return pairs;
}

}  // namespace

Value<OtlpProtocol> parse_otlp_protocol(std::string_view text) {
  return parse_choice<OtlpProtocol>(lower_case(text), {{"grpc", OtlpProtocol::kGrpc},
                                                       {"http/protobuf", OtlpProtocol::kHttpProtobuf},
                                                       {"http/json", OtlpProtocol::kHttpJson}});
}

Value<OtlpCompression> parse_otlp_compression(std::string_view text) {
  return parse_choice<OtlpCompression>(lower_case(text),
                                       {{"none", OtlpCompression::kNone}, {"gzip", OtlpCompression::kGzip}});
}

Value<Sampler> parse_sampler(std::string_view text) {
  return parse_choice<Sampler>(lower_case(text),
                               {{"always_on", Sampler::kAlwaysOn},
                                {"always_off", Sampler::kAlwaysOff},
                                {"traceidratio", Sampler::kTraceIdRatio},
                                {"parentbased_always_on", Sampler::kParentBasedAlwaysOn},
                                {"parentbased_always_off", Sampler::kParentBasedAlwaysOff},
                                {"parentbased_traceidratio", Sampler::kParentBasedTraceIdRatio}});
}

Value<bool> parse_otel_boolean(std::string_view text) { return parse_boolean(lower_case(text)); }

Value<bool> parse_otel_exporter(std::string_view text) {
  return parse_choice<bool>(lower_case(text), {{"otlp", true}, {"none", false}});
}

Value<double> parse_ratio(std::string_view text) {
  const bool plain = !text.empty() && is_digit(text.front()) &&
                     std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
  double ratio = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ratio);
  if (!plain || error != std::errc() || end != text.data() + text.size() || ratio > 1) return Rejection{};
  return ratio;
}

Value<std::string> parse_service_name(std::string_view text) {
  constexpr std::size_t kServiceNameBytes = 255;
  if (text.size() > kServiceNameBytes || !is_printable_utf8(text)) return Rejection{};
  return std::string(text);
}

Value<KeyValues> parse_otlp_headers(std::string_view text) {
  return parse_pairs(text, limits::kOtlpHeaders, true, is_header);
}

Value<KeyValues> parse_resource_attributes(std::string_view text) {
  return parse_pairs(text, limits::kResourceAttributes, false, is_attribute);
}

}  // namespace nes::config
