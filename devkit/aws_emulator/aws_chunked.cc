#include "devkit/aws_emulator/aws_chunked.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "http/char_class.h"

namespace nes::aws_emulator {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

Error malformed() noexcept { return {ErrorCode::kMalformed, "a body is not aws-chunked"}; }

// The line without its end; nothing if it has none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find(kLineEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + kLineEnd.size());
  return line;
}

std::optional<std::uint64_t> parse_size(std::string_view line) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc() || end != line.data() + line.size()) return std::nullopt;
  return size;
}

}  // namespace

Result<AwsChunkedBody> decode_aws_chunked(std::string_view text) {
  AwsChunkedBody out;
  for (;;) {
    const auto line = take_line(text);
    const auto size = line ? parse_size(*line) : std::nullopt;
    if (!size) return malformed();
    if (*size == 0) break;
    if (*size > text.size() || !text.substr(*size).starts_with(kLineEnd)) return malformed();
    out.content += text.substr(0, *size);
    text.remove_prefix(*size + kLineEnd.size());
  }
  for (;;) {
    const auto line = take_line(text);
    if (!line) return malformed();
    if (line->empty()) break;
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || !http::is_all(line->substr(0, colon), http::kTokenChar))
      return malformed();
    std::string name(line->substr(0, colon));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    out.trailers.emplace_back(std::move(name), http::trim(line->substr(colon + 1)));
  }
  if (!text.empty()) return malformed();
  return out;
}

}  // namespace nes::aws_emulator
