// JSON the slow and obvious way: a recursive parser into a tree, and a rewrite by walking that tree. Tests
// and fuzzing compare locate() and rewrite() with it, so it shares no code with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/locate.h"
#include "json/plan.h"

namespace nes::json::naive {

struct Node {
  ValueType type = ValueType::kNull;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<std::string> keys;  // of an object; as long as children
  std::vector<Node> children;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  // The tree of a text that is one JSON value, nested at most `depth` deep; nothing otherwise.
  std::optional<Node> parse(std::size_t depth) {
    Node node;
    space();
    if (!value(node, depth)) return std::nullopt;
    space();
    if (at_ != text_.size()) return std::nullopt;
    return node;
  }

  // What a valid string `literal`, quotes included, stands for; nothing if it has a lone surrogate.
  static std::optional<std::string> text_of(std::string_view literal) {
    Parser parser(literal);
    std::string text;
    if (!parser.string(text) || parser.has_lone_surrogate_) return std::nullopt;
    return text;
  }

  // After parse(): whether any string or key has a lone surrogate.
  bool has_lone_surrogate() const { return has_lone_surrogate_; }

 private:
  // -1 at the end.
  int next() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }
  bool eat(int byte) {
    if (next() != byte) return false;
    ++at_;
    return true;
  }
  void space() {
    while (next() == ' ' || next() == '\t' || next() == '\n' || next() == '\r') ++at_;
  }
  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }
  bool digits() {
    const std::size_t first = at_;
    while (next() >= '0' && next() <= '9') ++at_;
    return at_ != first;
  }

  bool value(Node& node, std::size_t depth) {
    node.begin = at_;
    const bool valid = typed_value(node, depth);
    node.end = at_;
    return valid;
  }

  bool typed_value(Node& node, std::size_t depth) {
    std::string ignored;
    switch (next()) {
      case '{': node.type = ValueType::kObject; return depth > 0 && object(node, depth - 1);
      case '[': node.type = ValueType::kArray; return depth > 0 && array(node, depth - 1);
      case '"': node.type = ValueType::kString; return string(ignored);
      case 'n': return word("null");
      case 't': node.type = ValueType::kBoolean; return word("true");
      case 'f': node.type = ValueType::kBoolean; return word("false");
      default: node.type = ValueType::kNumber; return number();
    }
  }

  bool object(Node& node, std::size_t depth) {
    eat('{');
    space();
    if (eat('}')) return true;
    do {
      space();
      std::string key;
      if (!string(key)) return false;
      space();
      if (!eat(':')) return false;
      space();
      node.keys.push_back(key);
      node.children.emplace_back();
      if (!value(node.children.back(), depth)) return false;
      space();
    } while (eat(','));
    return eat('}');
  }

  bool array(Node& node, std::size_t depth) {
    eat('[');
    space();
    if (eat(']')) return true;
    do {
      space();
      node.children.emplace_back();
      if (!value(node.children.back(), depth)) return false;
      space();
    } while (eat(','));
    return eat(']');
  }

  bool number() {
    eat('-');
    if (!eat('0') && !digits()) return false;
    if (eat('.') && !digits()) return false;
    if (eat('e') || eat('E')) {
      if (!eat('+')) eat('-');
      return digits();
    }
    return true;
  }

  // `out` receives what the string stands for, U+FFFD in place of a lone surrogate.
  bool string(std::string& out) {
    if (!eat('"')) return false;
    std::vector<std::uint32_t> code_points;
    while (!eat('"')) {
      std::uint32_t code_point = 0;
      if (next() == '\\' ? !escape(code_point) : !utf8(code_point)) return false;
      const bool low = code_point >= 0xDC00 && code_point <= 0xDFFF;
      if (low && !code_points.empty() && code_points.back() >= 0xD800 && code_points.back() <= 0xDBFF) {
        code_points.back() = 0x10000 + (code_points.back() - 0xD800) * 0x400 + (code_point - 0xDC00);
      } else {
        code_points.push_back(code_point);
      }
    }
    for (const std::uint32_t code_point : code_points) append(code_point, out);
    return true;
  }

  bool escape(std::uint32_t& code_point) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    constexpr std::string_view kDigits = "0123456789abcdef0123456789ABCDEF";
    eat('\\');
    if (next() < 0) return false;
    const char letter = text_[at_++];
    if (const std::size_t found = kLetters.find(letter); found != std::string_view::npos) {
      code_point = static_cast<unsigned char>(kMeanings[found]);
      return true;
    }
    if (letter != 'u') return false;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (next() < 0) return false;
      const std::size_t found = kDigits.find(text_[at_]);
      if (found == std::string_view::npos) return false;
      code_point = code_point * 16 + static_cast<std::uint32_t>(found % 16);
    }
    return true;
  }

  // Decodes first and asks afterwards whether the result may be written so.
  bool utf8(std::uint32_t& code_point) {
    const int first = next();
    if (first < 0x20) return false;
    const int tails = first < 0x80 ? 0 : first < 0xC0 ? -1 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if (tails < 0 || first > 0xF7) return false;
    constexpr std::uint32_t kBits[] = {0x7F, 0x1F, 0x0F, 0x07};
    constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    code_point = static_cast<std::uint32_t>(first) & kBits[tails];
    ++at_;
    for (int i = 0; i < tails; ++i, ++at_) {
      if (next() < 0x80 || next() > 0xBF) return false;
      code_point = code_point * 64 + static_cast<std::uint32_t>(next() - 0x80);
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    return code_point >= kLeast[tails] && code_point <= 0x10FFFF && !surrogate;
  }

  void append(std::uint32_t code_point, std::string& out) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
      has_lone_surrogate_ = true;
      code_point = 0xFFFD;
    }
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code_point < 0x80) return put(code_point);
    if (code_point < 0x800) {
      put(0xC0 + code_point / 64);
    } else if (code_point < 0x10000) {
      put(0xE0 + code_point / 4096);
      put(0x80 + code_point / 64 % 64);
    } else {
      put(0xF0 + code_point / 262144);
      put(0x80 + code_point / 4096 % 64);
      put(0x80 + code_point / 64 % 64);
    }
    put(0x80 + code_point % 64);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool has_lone_surrogate_ = false;
};

// A planned value as the tree has it, with the path that path_of() should give.
struct Planned {
  const Node* node;
  RuleIndex rule;
  std::string path;
};

template <Plan P>
void find_planned(const Node& node, const P& plan, PlanState state, const std::string& path,
                  std::vector<Planned>& found) {
  if (state == kNothingPlanned) return;
  if (plan.rule(state) != kNoRule) {
    found.push_back({&node, plan.rule(state), path});
    return;
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (node.type == ValueType::kArray) {
      find_planned(node.children[i], plan, plan.element(state, i), path + "/" + std::to_string(i), found);
      continue;
    }
    std::string token;
    for (const char byte : node.keys[i])
      token += byte == '~' ? "~0" : byte == '/' ? "~1" : std::string(1, byte);
    if (!plan.names(state, node.keys[i])) token = "*";
    find_planned(node.children[i], plan, plan.member(state, node.keys[i]), path + "/" + token, found);
  }
}

// The root that a plan applies to, or nothing if the tree is not of the shape.
inline const Node* document_of(const Node& tree, Shape shape) {
  if (shape == Shape::kDocument) return &tree;
  if (tree.type != ValueType::kObject || tree.keys != std::vector<std::string>{"payload"}) return nullptr;
  return &tree.children[0];
}

// What stands for a planned value, or nothing to leave it.
using Replace = std::function<std::optional<std::string>(std::string_view literal, ValueType, RuleIndex)>;

// `text` with each planned value that is not null replaced; all are of the tree of `text`, in its order.
inline std::string rewrite(std::string_view text, const std::vector<Planned>& planned,
                           const Replace& replace) {
  std::string out;
  std::size_t copied = 0;
  for (const Planned& value : planned) {
    if (value.node->type == ValueType::kNull) continue;
    const std::string_view literal = text.substr(value.node->begin, value.node->end - value.node->begin);
    const std::optional<std::string> replacement = replace(literal, value.node->type, value.rule);
    out += text.substr(copied, value.node->begin - copied);
    out += replacement ? *replacement : std::string(literal);
    copied = value.node->end;
  }
  return out.append(text.substr(copied));
}

}  // namespace nes::json::naive
