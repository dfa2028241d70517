#include "schema/source_tree.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace nes::schema {
namespace {

constexpr std::size_t kTextBlockBytes = std::size_t{64} * 1024;

// RFC 6901 section 4: an array index is `0` or digits without a leading zero.
std::optional<std::size_t> array_index(std::string_view token) noexcept {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  if (token.size() > 1 && token[0] == '0') return std::nullopt;
  return index;
}

// RFC 6901 section 3: `~0` is `~`, `~1` is `/`, and nothing else follows `~`.
std::optional<std::string> unescape_token(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
      continue;
    }
    if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
    out += token[i] == '0' ? '~' : '/';
  }
  return out;
}

}  // namespace

std::span<const Child> SourceTree::children(NodeId id) const noexcept {
  return {children_.data() + nodes_[id].first_child, nodes_[id].child_count};
}

NodeId SourceTree::find(NodeId id, std::string_view key) const noexcept {
  if (!is_mapping(id)) return kNoNode;
  const std::span<const Child> all = children(id);
  const std::span<const std::uint32_t> order(by_key_.data() + nodes_[id].first_child, all.size());
  const auto found = std::ranges::lower_bound(order, key, {}, [all](std::uint32_t i) { return all[i].key; });
  return found != order.end() && all[*found].key == key ? all[*found].value : kNoNode;
}

NodeId SourceTree::resolve(std::string_view pointer) const {
  NodeId at = root();
  while (!pointer.empty()) {
    if (pointer.front() != '/') return kNoNode;
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    if (is_sequence(at)) {
      const auto index = array_index(token);
      if (!index || *index >= children(at).size()) return kNoNode;
      at = children(at)[*index].value;
    } else {
      const auto key = unescape_token(token);
      at = key ? find(at, *key) : kNoNode;
      if (at == kNoNode) return kNoNode;
    }
  }
  return at;
}

bool TreeBuilder::wants_key() const noexcept {
  return !frames_.empty() && tree_.is_mapping(frames_.back().node) && !frames_.back().key.has_value();
}

bool TreeBuilder::is_open(NodeId id) const noexcept {
  return std::ranges::any_of(frames_, [id](const Frame& frame) { return frame.node == id; });
}

void TreeBuilder::key(std::string_view text, std::uint32_t line) {
  NES_CHECK(wants_key());
  frames_.back().key = keep(text);
  frames_.back().key_line = line;
}

Result<void> TreeBuilder::scalar(NodeKind kind, std::string_view text, std::uint32_t line) {
  NES_TRY(add(kind, keep(text), line));
  return {};
}

Result<void> TreeBuilder::open(NodeKind kind, std::uint32_t line) {
  if (frames_.size() >= limits::kSchemaDepth) {
    return Error{ErrorCode::kLimit, "the document is nested too deeply", line};
  }
  NES_TRY_ASSIGN(const NodeId id, add(kind, {}, line));
  tree_.nodes_[id].height = 1;
  frames_.push_back({id, pending_.size(), std::nullopt, line});
  return {};
}

Result<void> TreeBuilder::close() {
  NES_CHECK(!frames_.empty() && !frames_.back().key.has_value());
  const Frame frame = frames_.back();
  frames_.pop_back();
  SourceTree::Node& node = tree_.nodes_[frame.node];
  const std::span<const Child> own = std::span<const Child>(pending_).subspan(frame.first_pending);
  node.first_child = static_cast<std::uint32_t>(tree_.children_.size());
  node.child_count = static_cast<std::uint32_t>(own.size());
  node.end = next_id();
  if (!frames_.empty()) raise(frames_.back().node, node.height);

  std::vector<std::uint32_t> order(own.size());
  std::iota(order.begin(), order.end(), 0U);
  if (node.kind == NodeKind::kMapping) {
    std::ranges::stable_sort(order, {}, [own](std::uint32_t i) { return own[i].key; });
    const auto repeated =
        std::ranges::adjacent_find(order, {}, [own](std::uint32_t i) { return own[i].key; });
    if (repeated != order.end()) {
      const std::uint32_t line = pending_line_[frame.first_pending + *(repeated + 1)];
      return Error{ErrorCode::kSchemaRefused, "a key is repeated", line};
    }
  }
  tree_.children_.insert(tree_.children_.end(), own.begin(), own.end());
  tree_.by_key_.insert(tree_.by_key_.end(), order.begin(), order.end());
  pending_.resize(frame.first_pending);
  pending_line_.resize(frame.first_pending);
  return {};
}

// A closed value and all below it are neighbours, in nodes_ as in children_, so that a copy is a shift.
Result<void> TreeBuilder::copy(NodeId source, std::uint32_t line) {
  const SourceTree::Node original = tree_.nodes_[source];
  if (frames_.size() + original.height > limits::kSchemaDepth) {
    return Error{ErrorCode::kLimit, "the document is nested too deeply", line};
  }
  const NodeId shift = next_id() - source;
  NES_TRY(attach(original.end - source, line));
  const std::uint32_t children_end = original.first_child + original.child_count;
  const auto child_shift = static_cast<std::uint32_t>(tree_.children_.size()) - original.first_child_below;
  for (NodeId id = source; id < original.end; ++id) {
    SourceTree::Node node = tree_.nodes_[id];
    node.end += shift;
    node.first_child += child_shift;
    node.first_child_below += child_shift;
    tree_.nodes_.push_back(node);
  }
  for (std::uint32_t i = original.first_child_below; i < children_end; ++i) {
    const Child child = tree_.children_[i];
    const std::uint32_t order = tree_.by_key_[i];
    tree_.children_.push_back({child.key, child.value + shift});
    tree_.by_key_.push_back(order);
  }
  if (!frames_.empty()) raise(frames_.back().node, original.height);
  return {};
}

SourceTree TreeBuilder::finish() && {
  NES_CHECK(frames_.empty() && !tree_.nodes_.empty());
  return std::move(tree_);
}

Result<NodeId> TreeBuilder::add(NodeKind kind, std::string_view text, std::uint32_t line) {
  const NodeId id = next_id();
  NES_TRY(attach(1, line));
  const auto first_child = static_cast<std::uint32_t>(tree_.children_.size());
  tree_.nodes_.push_back({text, first_child, 0, first_child, id + 1, line, kind, 0});
  return id;
}

// Makes the next node, with `nodes` of them altogether, a child of the innermost open value.
Result<void> TreeBuilder::attach(std::size_t nodes, std::uint32_t line) {
  if (tree_.nodes_.size() + nodes > limits::kSchemaNodes) {
    return Error{ErrorCode::kLimit, "the document has too many values", line};
  }
  if (frames_.empty()) {
    NES_CHECK(tree_.nodes_.empty());
    return {};
  }
  Frame& frame = frames_.back();
  pending_.push_back({frame.key.value_or(std::string_view()), next_id()});
  pending_line_.push_back(frame.key ? frame.key_line : line);
  frame.key.reset();
  return {};
}

void TreeBuilder::raise(NodeId parent, std::uint8_t child_height) noexcept {
  std::uint8_t& height = tree_.nodes_[parent].height;
  height = std::max(height, static_cast<std::uint8_t>(child_height + 1));
}

std::string_view TreeBuilder::keep(std::string_view text) {
  if (text.empty()) return {};
  std::deque<std::string>& blocks = tree_.text_;
  if (blocks.empty() || blocks.back().capacity() - blocks.back().size() < text.size()) {
    blocks.emplace_back().reserve(std::max(kTextBlockBytes, text.size()));
  }
  std::string& block = blocks.back();
  block.append(text);
  return std::string_view(block).substr(block.size() - text.size());
}

}  // namespace nes::schema
