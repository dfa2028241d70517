// Any bytes as a document, an envelope, a string's inside and a token's plaintext. The slow parser and
// rewrite of json/naive_for_test.h say what is right; every difference aborts.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "json/literal.h"
#include "json/locate.h"
#include "json/naive_for_test.h"
#include "json/plan_for_test.h"
#include "json/reader.h"
#include "rewrite/plaintext.h"
#include "rewrite/sealing_for_test.h"
#include "rewrite/splice.h"

namespace nes {
namespace {

using json::Shape;
using json::ValueType;
using json::naive::Parser;
using json::naive::Planned;

template <typename Apply>
std::optional<std::string> spliced(std::string_view text, Shape shape, const json::PlanForTest& plan,
                                   Apply apply) {
  rewrite::Scratch scratch;
  secret::SecretBytes out;
  if (!rewrite::splice(text, shape, plan, json::kStartForTest, apply, scratch, out).ok()) {
    NES_CHECK(out.empty());
    return std::nullopt;
  }
  return std::string(as_text(out.reveal()));
}

std::optional<std::string> token(std::string_view literal, ValueType type, json::RuleIndex rule) {
  return rewrite::token_for_test(literal, type, rule == rewrite::kDeterministicForTest);
}

// What opening gives back, where that is not the literal itself.
std::optional<std::string> as_opened(std::string_view literal, ValueType type, json::RuleIndex rule) {
  if (type != ValueType::kString || rule != rewrite::kDeterministicForTest) return std::nullopt;
  const std::optional<std::string> text = Parser::text_of(literal);
  if (!text) return std::nullopt;
  std::string canonical;
  base::append_quoted(canonical, *text);
  return canonical;
}

void check_located(std::string_view text, Shape shape, const json::PlanForTest& plan,
                   const std::vector<Planned>& planned) {
  std::vector<json::Located> located;
  NES_CHECK(json::locate(text, shape, plan, json::kStartForTest, located).ok());
  NES_CHECK(located.size() == planned.size());
  for (std::size_t i = 0; i < located.size(); ++i) {
    NES_CHECK(located[i].begin == planned[i].node->begin && located[i].end == planned[i].node->end);
    NES_CHECK(located[i].rule == planned[i].rule && located[i].type == planned[i].node->type);
  }
  // Each path costs a walk: the last one, and some more of a short text.
  for (std::size_t i = located.size() > 16 ? located.size() - 1 : 0; i < located.size(); ++i) {
    NES_CHECK(json::path_of(text, shape, plan, json::kStartForTest, located[i].begin) == planned[i].path);
  }
}

void check_document(std::string_view text, Shape shape, const json::PlanForTest& plan) {
  const std::size_t depth = limits::kJsonDepth + (shape == Shape::kEnvelope ? 1 : 0);
  const auto tree = Parser(text).parse(depth);
  const json::naive::Node* const document = tree ? json::naive::document_of(*tree, shape) : nullptr;
  if (document == nullptr) {
    std::vector<json::Located> located;
    const Result<void> result = json::locate(text, shape, plan, json::kStartForTest, located);
    NES_CHECK(!result.ok());
    NES_CHECK(result.error().code == (tree ? ErrorCode::kMalformedRequest : ErrorCode::kMalformedJson));
    NES_CHECK(result.error().position <= text.size());
    NES_CHECK(!spliced(text, shape, plan, rewrite::seal_for_test));
    return;
  }
  std::vector<Planned> planned;
  json::naive::find_planned(*document, plan, json::kStartForTest, "", planned);
  check_located(text, shape, plan, planned);

  const auto sealed = spliced(text, shape, plan, rewrite::seal_for_test);
  NES_CHECK(sealed == json::naive::rewrite(text, planned, token));
  const auto opened = spliced(*sealed, shape, plan, rewrite::open_for_test);
  NES_CHECK(opened == json::naive::rewrite(text, planned, as_opened));
}

// The reader takes what the slow parser takes, but for lone surrogates.
void check_reader(std::string_view text) {
  Parser parser(text);
  const bool valid = parser.parse(limits::kJsonDepth).has_value() && !parser.has_lone_surrogate();
  json::Reader reader(text, limits::kJsonDepth);
  for (;;) {
    const Result<json::Event> event = reader.next();
    if (!event.ok()) {
      NES_CHECK(!valid);
      return;
    }
    NES_CHECK(json::is_valid_utf8(event->text));
    if (event->type == json::EventType::kEnd) break;
  }
  NES_CHECK(valid);
}

void check_literal(std::string_view inner) {
  const std::string literal = "\"" + std::string(inner) + "\"";
  const bool valid = Parser(literal).parse(0).has_value();
  NES_CHECK(json::is_valid_inner(inner) == valid);
  if (!valid) return;
  std::string text(inner.size(), '\0');
  const std::optional<std::size_t> size = json::unescape_to(inner, text.data());
  NES_CHECK(size.has_value() == Parser::text_of(literal).has_value());
  if (!size) {
    NES_CHECK(!json::is_canonical(inner));
    return;
  }
  text.resize(*size);
  NES_CHECK(text == Parser::text_of(literal));
  std::string canonical(json::canonical_size(text), '\0');
  json::write_canonical(text, canonical.data());
  NES_CHECK(json::is_canonical(inner) == (canonical == inner));
  NES_CHECK(json::is_canonical(canonical) && Parser::text_of("\"" + canonical + "\"") == text);
}

// Whatever is taken for a plaintext of ours is one value, and is what sealing that value would write.
void check_plaintext(std::string_view plaintext) {
  secret::SecretBytes out;
  if (!rewrite::decode_plaintext(as_bytes(plaintext), out).ok()) {
    NES_CHECK(out.empty());
    return;
  }
  const std::string_view value = as_text(out.reveal());
  const auto tree = Parser(value).parse(limits::kJsonDepth);
  NES_CHECK(tree.has_value() && tree->begin == 0 && tree->end == value.size());
  secret::SecretBytes again;
  rewrite::encode_plaintext(value, tree->type, false, again);
  NES_CHECK(as_text(again.reveal()) == plaintext);
}

}  // namespace
}  // namespace nes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const nes::json::PlanForTest plan = nes::json::plan_for_test();
  const std::string_view text = nes::as_text({data, size});
  nes::check_document(text, nes::json::Shape::kDocument, plan);
  nes::check_document(text, nes::json::Shape::kEnvelope, plan);
  nes::check_document("{\"payload\":" + std::string(text) + "}", nes::json::Shape::kEnvelope, plan);
  nes::check_reader(text);
  nes::check_literal(text);
  nes::check_plaintext(text);
  return 0;
}
