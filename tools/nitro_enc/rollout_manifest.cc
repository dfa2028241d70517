#include "tools/nitro_enc/rollout_manifest.h"

#include <algorithm>
#include <span>

#include "schema/source_tree.h"

namespace nes::nitro_enc {
namespace {

using schema::kNoNode;
using schema::NodeId;
using schema::SourceTree;

void append_words(std::string_view text, std::vector<std::string>& out) {
  constexpr std::string_view kBetween = " \t\n'\";";
  for (std::size_t begin = text.find_first_not_of(kBetween); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBetween, begin), text.size());
    out.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBetween, end);
  }
}

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
    for (const char* probe : {"startupProbe", "livenessProbe", "readinessProbe"})
      add_exec(probe, down(id, {probe, "exec", "command"}), out);
    for (const char* hook : {"postStart", "preStop"})
      add_exec(hook, down(id, {"lifecycle", hook, "exec", "command"}), out);
    const NodeId limits = down(id, {"resources", "limits"});
    if (limits == kNoNode) return out;
    for (const auto& child : tree_.children(limits))
      if (child.key.starts_with("hugepages-"))
        out.hugepages.insert_or_assign(std::string(child.key),
                                       Setting{std::string(tree_.text(child.value)), where(child.value)});
    return out;
  }

  void add_exec(const char* name, NodeId command, Container& out) const {
    if (command == kNoNode) return;
    Exec exec{.name = name, .where = where(command), .words = {}};
    for (const auto& child : tree_.children(command)) append_words(tree_.text(child.value), exec.words);
    out.execs.push_back(std::move(exec));
  }

  const SourceTree& tree_;
  const std::string& path_;
  std::uint32_t lines_before_;
};

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

bool Container::is_set(std::string_view variable_name) const { return variable(variable_name) != ""; }

const std::string& Container::where_of(std::string_view variable_name) const {
  const auto at = environment.find(variable_name);
  return at == environment.end() ? where : at->second.where;
}

bool Container::is_runner() const {
  return name == "enclave-runner" || environment.contains("ENCLAVE_MEMORY_MB");
}

bool Container::is_egress() const { return std::ranges::find(words, "egress") != words.end(); }

bool Container::is_sidecar() const {
  if (is_runner() || is_egress()) return false;
  const auto enclave = variable("ENCLAVE");
  return (environment.contains("ENCLAVE_CID") && environment.contains("LISTEN_PORT")) ||
         (enclave && enclave->starts_with("vsock:")) || std::ranges::find(words, "ingress") != words.end() ||
         flag_of(words, "enclave-cid");
}

std::optional<std::string> flag_of(const std::vector<std::string>& words, std::string_view name) {
  const std::string flag = "--" + std::string(name);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == flag && i + 1 < words.size()) return words[i + 1];
    if (words[i].starts_with(flag + "=")) return words[i].substr(flag.size() + 1);
  }
  return std::nullopt;
}

}  // namespace nes::nitro_enc
