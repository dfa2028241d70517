#include "tools/nitro_enc/rollout_facts.h"

#include <algorithm>

#include "base/bytes.h"
#include "json/reader.h"
#include "policy/match.h"
#include "schema/source_tree.h"
#include "tools/nitro_enc/arguments.h"

namespace nes::nitro_enc {
namespace {

using schema::SourceTree;

constexpr std::uint64_t kMostMib = 1U << 30;

// `1,3-5` is four. Nothing if it is no such list.
std::optional<std::uint64_t> count_pool(std::string_view text) {
  std::uint64_t count = 0;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    const std::size_t dash = item.find('-');
    const auto first = parse_count(item.substr(0, dash), 65535);
    const auto last = dash == std::string_view::npos ? first : parse_count(item.substr(dash + 1), 65535);
    if (!first || !last || *last < *first) return std::nullopt;
    count += *last - *first + 1;
    if (comma == text.size()) return count;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<Allocator> read_allocator(std::string_view text, const std::string& path) {
  NES_TRY_ASSIGN(const SourceTree tree, schema::read_yaml(text));
  Allocator out{.where = path, .memory_mib = {}, .cpus = {}};
  for (const auto& child : tree.children(SourceTree::root())) {
    const std::string_view value = tree.text(child.value);
    const std::uint64_t line = tree.line(child.value);
    if (child.key == "memory_mib") {
      out.memory_mib = parse_count(value, kMostMib);
      if (!out.memory_mib) return Error{ErrorCode::kMalformed, "memory_mib is no number", line};
    } else if (child.key == "cpu_count" || child.key == "cpu_pool") {
      if (out.cpus) return Error{ErrorCode::kMalformed, "cpu_count and cpu_pool exclude each other", line};
      out.cpus = child.key == "cpu_count" ? parse_count(value, 65535) : count_pool(value);
      if (!out.cpus) return Error{ErrorCode::kMalformed, "its CPUs are no number and no list", line};
    } else {
      return Error{ErrorCode::kMalformed, "has a key besides memory_mib and cpu_count or cpu_pool", line};
    }
  }
  if (!out.memory_mib || !out.cpus)
    return Error{ErrorCode::kMalformed, "lacks memory_mib, or cpu_count or cpu_pool", 1};
  return out;
}

Result<std::string> read_pcr0(std::string_view text) {
  constexpr std::size_t kDepth = 16;
  json::Reader reader(text, kDepth);
  std::size_t depth = 0;
  std::string outer;  // the last key of the outermost object
  std::string inner;  // of an object in it
  std::optional<std::string> found;
  for (;;) {
    NES_TRY_ASSIGN(const json::Event event, reader.next());
    switch (event.type) {
      case json::EventType::kBeginObject:
      case json::EventType::kBeginArray: ++depth; break;
      case json::EventType::kEndObject:
      case json::EventType::kEndArray: --depth; break;
      case json::EventType::kKey:
        if (depth == 1) outer = event.text;
        if (depth == 2) inner = event.text;
        break;
      case json::EventType::kString:
        if (depth != 2 || outer != "Measurements" || inner != "PCR0") break;
        if (found) return Error{ErrorCode::kMalformed, "PCR0 is repeated"};
        found = policy::to_lower(event.text);
        break;
      case json::EventType::kEnd:
        if (!found) return Error{ErrorCode::kMalformed, "has no Measurements with a PCR0"};
        return *found;
      default: break;
    }
  }
}

Result<Variables> read_environment(std::string_view text) {
  Variables out;
  for (std::uint64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::size_t equals = line.find('=');
    if (equals == 0 || equals == std::string_view::npos)
      return Error{ErrorCode::kMalformed, "a line of the environment is not KEY=VALUE", number};
    if (!out.emplace(line.substr(0, equals), line.substr(equals + 1)).second)
      return Error{ErrorCode::kMalformed, "a variable is there twice", number};
  }
  return out;
}

Result<bool> has_foreign_authority(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  std::size_t count = 0;
  bool is_foreign = false;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at)) {
    at += kBegin.size();
    const std::size_t end = pem.find(kEnd, at);
    if (end == std::string_view::npos) return Error{ErrorCode::kMalformed, "a certificate is cut short"};
    std::string base64(pem.substr(at, end - at));
    std::erase_if(base64, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    const auto der = base::base64_decode(base64);
    if (!der) return Error{ErrorCode::kMalformed, "a certificate is not base64"};
    const std::string_view bytes(reinterpret_cast<const char*>(der->data()), der->size());
    // Root CA 1 to 4 are Amazon's by name, and the one before them is Starfield's.
    if (bytes.find("Amazon Root CA") == std::string_view::npos &&
        bytes.find("Starfield") == std::string_view::npos)
      is_foreign = true;
    ++count;
  }
  if (count == 0) return Error{ErrorCode::kMalformed, "has no certificate"};
  return is_foreign;
}

}  // namespace nes::nitro_enc
