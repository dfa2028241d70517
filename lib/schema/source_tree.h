// The document as one tree of values, the same from YAML and from JSON: no aliases, no repeated keys, every
// value with its line. What later steps refuse they refuse by that line.
//
// Thread rule: a SourceTree is immutable once built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace nes::schema {

// Index of a value; parents come before their children and children are in document order.
using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xFFFFFFFF;

enum class NodeKind : std::uint8_t { kNull, kBoolean, kNumber, kString, kMapping, kSequence };

struct Child {
  std::string_view key;  // empty in a sequence
  NodeId value;
};

class SourceTree {
 public:
  static constexpr NodeId root() noexcept { return 0; }

  std::size_t size() const noexcept { return nodes_.size(); }
  NodeKind kind(NodeId id) const noexcept { return nodes_[id].kind; }
  std::uint32_t line(NodeId id) const noexcept { return nodes_[id].line; }  // 1-based
  bool is_mapping(NodeId id) const noexcept { return kind(id) == NodeKind::kMapping; }
  bool is_sequence(NodeId id) const noexcept { return kind(id) == NodeKind::kSequence; }
  bool is_string(NodeId id) const noexcept { return kind(id) == NodeKind::kString; }
  bool is_boolean(NodeId id, bool value) const noexcept {
    return kind(id) == NodeKind::kBoolean && text(id) == (value ? "true" : "false");
  }

  // A string's text, a number's spelling, "true" or "false"; otherwise empty. Lives as long as the tree.
  std::string_view text(NodeId id) const noexcept { return nodes_[id].text; }
  // Members of a mapping or elements of a sequence, in document order; empty for a scalar.
  std::span<const Child> children(NodeId id) const noexcept;
  // The member `key` of a mapping; kNoNode if there is none or `id` is no mapping.
  NodeId find(NodeId id, std::string_view key) const noexcept;
  // The value at an RFC 6901 pointer ("" is the root), `~` escapes undone here, percent escapes not; kNoNode
  // if there is none.
  NodeId resolve(std::string_view pointer) const;

  Error refused(NodeId id, base::StaticText reason) const noexcept {
    return Error{ErrorCode::kSchemaRefused, reason, line(id)};
  }

 private:
  friend class TreeBuilder;

  struct Node {
    std::string_view text;
    std::uint32_t first_child = 0;
    std::uint32_t child_count = 0;
    std::uint32_t first_child_below = 0;  // children of the value and of all below stand from here on
    NodeId end = 0;                       // the value and all below are the nodes from its own up to here
    std::uint32_t line = 0;
    NodeKind kind = NodeKind::kNull;
    std::uint8_t height = 0;  // 0 for a scalar
  };
  static_assert(limits::kSchemaDepth <= 0xFF);

  std::vector<Node> nodes_;
  std::vector<Child> children_;
  std::vector<std::uint32_t> by_key_;  // beside children_: a mapping's child numbers in the order of keys
  std::deque<std::string> text_;       // blocks that never move
};

// Builds a tree from the events of a parser, which must be well nested. Bounds depth (limits::kSchemaDepth)
// and values (limits::kSchemaNodes) with kLimit and refuses repeated keys; positions are lines.
class TreeBuilder {
 public:
  TreeBuilder() = default;

  // Whether the next scalar is a key.
  bool wants_key() const noexcept;
  // Whether `id` is a mapping or sequence that is not closed yet.
  bool is_open(NodeId id) const noexcept;
  // The id that the next value gets.
  NodeId next_id() const noexcept { return static_cast<NodeId>(tree_.nodes_.size()); }

  void key(std::string_view text, std::uint32_t line);
  Result<void> scalar(NodeKind kind, std::string_view text, std::uint32_t line);
  Result<void> open(NodeKind kind, std::uint32_t line);
  Result<void> close();
  // Adds a copy of `source`, which is not open; its values keep their lines. `line` is for errors.
  Result<void> copy(NodeId source, std::uint32_t line);

  // After the events of exactly one value.
  SourceTree finish() &&;

 private:
  struct Frame {
    NodeId node;
    std::size_t first_pending;
    std::optional<std::string_view> key;
    std::uint32_t key_line;
  };

  Result<NodeId> add(NodeKind kind, std::string_view text, std::uint32_t line);
  Result<void> attach(std::size_t nodes, std::uint32_t line);
  void raise(NodeId parent, std::uint8_t child_height) noexcept;
  std::string_view keep(std::string_view text);

  SourceTree tree_;
  std::vector<Frame> frames_;
  std::vector<Child> pending_;               // children of open values
  std::vector<std::uint32_t> pending_line_;  // beside pending_: lines of keys
};

// kSchemaRefused or kLimit with the line as position. `text` may hold anything.
Result<SourceTree> read_yaml(std::string_view text);
Result<SourceTree> read_json(std::string_view text);

}  // namespace nes::schema
