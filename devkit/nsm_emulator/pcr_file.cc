#include "devkit/nsm_emulator/pcr_file.h"

#include <algorithm>
#include <charconv>

#include "devkit/nsm_emulator/digest.h"
#include "json/reader.h"

namespace nes::nsm_emulator {
namespace {

constexpr std::size_t kDepth = 2;
constexpr unsigned kMaxIndex = 31;

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

std::optional<std::uint8_t> index_of(std::string_view name) {
  if (!name.starts_with("PCR")) return {};
  name.remove_prefix(3);
  unsigned index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size() || index > kMaxIndex) return {};
  return static_cast<std::uint8_t>(index);
}

Result<void> add(Pcrs& pcrs, std::uint8_t index, std::string_view hex) {
  const auto bytes = base::hex_decode(hex);
  attest::Pcr pcr{};
  if (!bytes || bytes->size() != pcr.size()) return malformed("a PCR is not 96 hex digits");
  std::ranges::copy(*bytes, pcr.begin());
  if (!pcrs.emplace(index, pcr).second) return malformed("a PCR is there twice");
  return {};
}

Result<attest::Pcr> pcr_of(ByteView content) {
  NES_TRY_ASSIGN(const attest::Pcr inner, sha384({content}));
  return sha384({attest::Pcr{}, inner});
}

}  // namespace

Result<Pcrs> parse_pcrs(std::string_view json) {
  json::Reader reader(json, kDepth);
  Pcrs pcrs;
  std::string key;
  for (;;) {
    const auto event = reader.next();
    if (!event.ok()) return malformed("the PCRs are not JSON");
    if (event->type == json::EventType::kEnd) break;
    if (event->type == json::EventType::kKey) {
      key = event->text;
    } else if (event->type == json::EventType::kString) {
      if (const auto index = index_of(key)) NES_TRY(add(pcrs, *index, event->text));
    } else if (event->type != json::EventType::kBeginObject && event->type != json::EventType::kEndObject) {
      return malformed("the PCRs are not an object of texts");
    }
  }
  for (const std::uint8_t index : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}})
    if (!pcrs.contains(index)) return malformed("PCR0, PCR1 and PCR2 have to be there");
  return pcrs;
}

std::string format_pcrs(const Pcrs& pcrs) {
  std::string text = "{\"Measurements\": {\"HashAlgorithm\": \"Sha384 { ... }\"";
  for (const auto& [index, value] : pcrs)
    text += ", \"PCR" + std::to_string(index) + "\": \"" + base::hex_encode(value) + '"';
  return text + "}}\n";
}

Result<Pcrs> measure(ByteView program) {
  Pcrs pcrs;
  NES_TRY_ASSIGN(pcrs[0], pcr_of(program));
  NES_TRY_ASSIGN(pcrs[1], pcr_of(as_bytes("nitro-enc-svc development kernel")));
  NES_TRY_ASSIGN(pcrs[2], pcr_of(as_bytes("nitro-enc-svc development application")));
  return pcrs;
}

}  // namespace nes::nsm_emulator
