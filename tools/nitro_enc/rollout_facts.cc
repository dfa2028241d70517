#include "tools/nitro_enc/rollout_facts.h"

#include <algorithm>

#include "base/bytes.h"
#include "json/reader.h"
#include "policy/match.h"
#include "schema/source_tree.h"
#include "tools/nitro_enc/arguments.h"

namespace nes::nitro_enc {
namespace {

using schema::kNoNode;
using schema::NodeId;
using schema::SourceTree;

constexpr std::uint64_t kMostMib = 1U << 30;

// One YAML document of several, and how many lines of the file stand before it.
struct Document {
  std::string text;
  std::uint32_t lines_before = 0;
  bool is_empty = true;  // blank lines and comments alone
};

// A line that begins with `---` cannot be anything else in YAML (1.2, section 9.1.2).
std::vector<Document> split(std::string_view text) {
  std::vector<Document> out(1);
  std::uint32_t line = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view content = text.substr(0, end);
    if (content == "---" || content.starts_with("--- ") || content == "---\r")
      out.push_back({.text = {}, .lines_before = line});
    else if (const auto at = content.find_first_not_of(" \t\r");
             at != std::string_view::npos && content[at] != '#')
      out.back().is_empty = false;
    out.back().text += std::string(content) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
  }
  return out;
}

class Manifest {
 public:
  Manifest(const SourceTree& tree, const std::string& path, std::uint32_t lines_before)
      : tree_(tree), path_(path), lines_before_(lines_before) {}

  void containers(std::vector<Container>& out) const {
    const NodeId kind = tree_.find(SourceTree::root(), "kind");
    if (kind != kNoNode && tree_.text(kind) == "List") {
      for (const auto& item : members(SourceTree::root(), "items")) workload(item.value, out);
      return;
    }
    workload(SourceTree::root(), out);
  }

 private:
  std::string where(NodeId id) const { return path_ + ":" + std::to_string(lines_before_ + tree_.line(id)); }
  std::span<const schema::Child> members(NodeId id, std::string_view name) const {
    const NodeId found = tree_.find(id, name);
    return found == kNoNode ? std::span<const schema::Child>() : tree_.children(found);
  }
  std::string text(NodeId id, std::string_view name) const {
    const NodeId found = tree_.find(id, name);
    return found == kNoNode ? "" : std::string(tree_.text(found));
  }
  NodeId down(NodeId id, std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names)
      if (id != kNoNode) id = tree_.find(id, name);
    return id;
  }

  void workload(NodeId id, std::vector<Container>& out) const {
    NodeId spec = down(id, {"spec", "template", "spec"});
    if (spec == kNoNode) spec = down(id, {"spec"});
    if (spec == kNoNode) return;
    for (const char* list : {"initContainers", "containers"})
      for (const auto& child : members(spec, list)) out.push_back(container(child.value));
  }

  Container container(NodeId id) const {
    Container out{.name = text(id, "name"), .image = text(id, "image"), .where = where(id)};
    for (const auto& child : members(id, "env")) {
      const NodeId value = tree_.find(child.value, "value");
      Setting setting{.value = std::nullopt, .where = where(child.value)};
      if (value != kNoNode)
        setting.value = std::string(tree_.text(value));
      else if (tree_.find(child.value, "valueFrom") == kNoNode)
        setting.value = "";
      out.environment.insert_or_assign(text(child.value, "name"), std::move(setting));
    }
    for (const char* list : {"command", "args"})
      for (const auto& child : members(id, list)) out.words.emplace_back(tree_.text(child.value));
    const NodeId limits = down(id, {"resources", "limits"});
    if (limits == kNoNode) return out;
    for (const auto& child : tree_.children(limits))
      if (child.key.starts_with("hugepages-"))
        out.hugepages.insert_or_assign(std::string(child.key),
                                       Setting{std::string(tree_.text(child.value)), where(child.value)});
    return out;
  }

  const SourceTree& tree_;
  const std::string& path_;
  std::uint32_t lines_before_;
};

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

// Measurements.PCR0, in lower case.
Result<std::string> measured_pcr0(std::string_view text) {
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

}  // namespace

std::optional<std::string> Container::variable(std::string_view variable_name,
                                               std::string_view otherwise) const {
  const auto at = environment.find(variable_name);
  if (at == environment.end()) return std::string(otherwise);
  if (at->second.value && at->second.value->empty()) return std::string(otherwise);
  return at->second.value;
}

Result<void> read_manifests(std::string_view text, const std::string& path, std::vector<Container>& out) {
  for (const Document& document : split(text)) {
    if (document.is_empty) continue;
    const auto tree = schema::read_yaml(document.text);
    if (!tree.ok())
      return Error{tree.error().code, tree.error().reason, tree.error().position + document.lines_before};
    Manifest(*tree, path, document.lines_before).containers(out);
  }
  return {};
}

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

Result<ImageFacts> read_image_facts(std::string_view described, std::string_view environment) {
  ImageFacts out;
  if (!described.empty()) {
    NES_TRY_ASSIGN(out.measured_pcr0, measured_pcr0(described));
  }
  if (environment.empty()) return out;
  out.environment.emplace();
  while (!environment.empty()) {
    const std::size_t end = std::min(environment.find('\n'), environment.size());
    const std::string_view line = environment.substr(0, end);
    environment.remove_prefix(std::min(end + 1, environment.size()));
    if (line.empty()) continue;
    const std::size_t equals = line.find('=');
    if (equals == 0 || equals == std::string_view::npos)
      return Error{ErrorCode::kMalformed, "a line of the environment is not KEY=VALUE"};
    out.environment->insert_or_assign(std::string(line.substr(0, equals)),
                                      std::string(line.substr(equals + 1)));
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
