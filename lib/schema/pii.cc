#include "schema/pii.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.h"

namespace nes::schema {
namespace {

bool is_label(std::string_view text) noexcept {
  if (text.empty() || text.size() > limits::kContextBytes) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '-';
  });
}

Result<Mode> parse_mode(const SourceTree& tree, NodeId value) {
  if (tree.is_string(value) && tree.text(value) == "deterministic") return Mode::kDeterministic;
  if (tree.is_string(value) && tree.text(value) == "randomized") return Mode::kRandomized;
  return tree.refused(value, "the mode of an x-pii is neither deterministic nor randomized");
}

Result<std::vector<std::string>> parse_previous_contexts(const SourceTree& tree, NodeId value) {
  if (!tree.is_sequence(value)) return tree.refused(value, "previous_contexts is not a list");
  if (tree.children(value).size() > limits::kPreviousContexts) {
    return Error{ErrorCode::kLimit, "too many previous_contexts", tree.line(value)};
  }
  std::vector<std::string> contexts;
  for (const Child& child : tree.children(value)) {
    const std::string_view text = tree.text(child.value);
    if (!tree.is_string(child.value) || !(text.empty() || is_label(text))) {
      return tree.refused(child.value, "a previous context is not a label");
    }
    contexts.emplace_back(text);
  }
  return contexts;
}

}  // namespace

Result<std::optional<Rule>> parse_pii(const SourceTree& tree, NodeId value, Mode default_mode) {
  if (tree.is_boolean(value, false)) return std::optional<Rule>();
  Rule rule{default_mode, {}, {}};
  if (tree.is_boolean(value, true)) return std::optional(std::move(rule));
  if (!tree.is_mapping(value)) return tree.refused(value, "an x-pii is not true, false or a mapping");

  bool deterministic_written = false;
  for (const Child& child : tree.children(value)) {
    if (child.key == "mode") {
      NES_TRY_ASSIGN(rule.mode, parse_mode(tree, child.value));
      deterministic_written = rule.mode == Mode::kDeterministic;
    } else if (child.key == "context") {
      if (!tree.is_string(child.value) || !is_label(tree.text(child.value))) {
        return tree.refused(child.value, "the context of an x-pii is not a label");
      }
      rule.context = tree.text(child.value);
    } else if (child.key == "previous_contexts") {
      NES_TRY_ASSIGN(rule.previous_contexts, parse_previous_contexts(tree, child.value));
    } else {
      return tree.refused(child.value, "an x-pii has a member that is not understood");
    }
  }
  if (deterministic_written && rule.context.empty()) {
    return tree.refused(value, "mode: deterministic needs a context");
  }
  return std::optional(std::move(rule));
}

}  // namespace nes::schema
