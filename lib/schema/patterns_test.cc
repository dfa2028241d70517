#include <string>

#include "base/limits.h"
#include "schema/test_support.h"

namespace nes::schema {
namespace {

TEST(Patterns, match_anywhere_in_a_key) {
  const auto schema = schemas("A: {patternProperties: {card: {x-pii: true}, '^id$': {x-pii: true}}}");
  for (const char* key : {"card", "my_card_no", "id"}) EXPECT_EQ(seal(schema, "A", key), "randomized") << key;
  for (const char* key : {"Card", "car", "ids", "an id", "id\n"})
    EXPECT_EQ(seal(schema, "A", key), "open") << key;
}

TEST(Patterns, match_characters_rather_than_bytes) {
  const auto schema = schemas("A: {patternProperties: {'^.$': {x-pii: true}}}");
  EXPECT_EQ(seal(schema, "A", "é"), "randomized");
  EXPECT_EQ(seal(schema, "A", "€"), "randomized");
  EXPECT_EQ(seal(schema, "A", "éé"), "open");
}

TEST(Patterns, match_keys_with_lone_surrogates) {
  const auto schema = schemas("A: {patternProperties: {'^k.*$': {x-pii: true}, '^.$': {x-pii: true}}}");
  EXPECT_EQ(seal(schema, "A", "k\xED\xA0\x80x\xED\xBF\xBF"), "randomized");
  EXPECT_EQ(seal(schema, "A", "\xED\xA0\x80"), "randomized");
  EXPECT_EQ(seal(schema, "A", "\xED\xA0\x80\xED\xA0\x80"), "open");
  EXPECT_EQ(seal(schema, "A", "\xED\x9F\xBF"), "randomized");  // U+D7FF, the last before them
}

TEST(Patterns, yield_to_the_literal_key) {
  const auto schema = schemas(
      "A: {patternProperties: {'^k': {x-pii: {context: pattern}}}, properties: {k: {x-pii: {context: "
      "literal}}}}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized:literal");
  EXPECT_EQ(seal(schema, "A", "kk"), "randomized:pattern");
}

TEST(Patterns, are_not_hidden_by_a_literal_key_that_says_nothing) {
  const auto schema = schemas(
      "A: {properties: {k: {type: string}, o: {properties: {l: {x-pii: {context: a}}}}}, "
      "patternProperties: {'^[ko]': {x-pii: {context: b}}}}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized:b");
  EXPECT_EQ(seal(schema, "A", "o/l"), "randomized:b");  // the outermost wins
}

TEST(Patterns, yield_to_patterns_before_them) {
  const auto schema = schemas(
      "A: {patternProperties: {'a': {x-pii: {context: a}}, 'b': {x-pii: {context: b}}, 'c': {x-pii: "
      "{context: c}}}}");
  EXPECT_EQ(seal(schema, "A", "xbac"), "randomized:a");
  EXPECT_EQ(seal(schema, "A", "xcb"), "randomized:b");
  EXPECT_EQ(seal(schema, "A", "xc"), "randomized:c");
  EXPECT_EQ(seal(schema, "A", "x"), "open");
}

TEST(Patterns, keep_their_order_below_the_key_they_match) {
  const auto schema = schemas(
      "A: {patternProperties: {'a': {properties: {k: {x-pii: {context: a}}}}, 'b': {properties: {k: {x-pii: "
      "{context: "
      "b}}, l: {x-pii: {context: b}}}}}}");
  EXPECT_EQ(seal(schema, "A", "ab/k"), "randomized:a");
  EXPECT_EQ(seal(schema, "A", "ab/l"), "randomized:b");
  EXPECT_EQ(seal(schema, "A", "b/k"), "randomized:b");
}

TEST(Patterns, of_one_text_in_two_schemas_keep_document_order) {
  const auto schema = schemas(
      "A: {allOf: [{$ref: '#/components/schemas/C'}, {$ref: '#/components/schemas/B'}]}\n"
      "B: {patternProperties: {'^k': {x-pii: {context: b}}}}\n"
      "C: {patternProperties: {'^k': {x-pii: {context: c}}}}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized:b");
}

TEST(Patterns, may_overlap_in_cycles) {
  const auto schema = schemas(
      "A: {patternProperties: {a: {$ref: '#/components/schemas/A'}, b: {$ref: '#/components/schemas/B'}}}\n"
      "B: {patternProperties: {b: {$ref: '#/components/schemas/A'}, c: {x-pii: true}}}");
  EXPECT_EQ(seal(schema, "A", "ab/ab/ab/abc/bc"), "randomized");
  EXPECT_EQ(seal(schema, "A", "a/a/c"), "open");
  EXPECT_EQ(seal(schema, "A", "a/b/c"), "randomized");
}

TEST(Patterns, are_those_that_re2_takes) {
  EXPECT_EQ(reason("A: {patternProperties: {'^[a-z]+\\d$': {}}}"), "ok");
  for (const char* bad : {"(", "[", "a**", "(?=a)", "\\1", "a{1001}"}) {
    EXPECT_EQ(reason("A: {patternProperties: {'" + std::string(bad) + "': {}}}"),
              "a pattern is not one that RE2 takes")
        << bad;
  }
  EXPECT_EQ(reason("A: {patternProperties: [a]}"), "a map of schemas is not a mapping");
  EXPECT_EQ(reason("A: {patternProperties: {a: b}}"), "a schema is neither a mapping nor a boolean");
}

TEST(Patterns, are_bounded) {
  const std::string longest(limits::kPatternBytes, 'a');
  EXPECT_EQ(reason("A: {patternProperties: {'" + longest + "': {}}}"), "ok");
  EXPECT_EQ(reason("A: {patternProperties: {'" + longest + "a': {}}}"), "a pattern is too long");
  EXPECT_EQ(reason("A: {patternProperties: {'((a{100}){100}){100}': {}}}"),
            "a pattern is not one that RE2 takes");
  EXPECT_EQ(reason("A: {patternProperties: {'(\\pL{100}){10}': {}}}"), "a pattern takes too much memory");
}

TEST(Patterns, of_one_place_are_bounded) {
  const auto of = [](std::size_t count) {
    std::string text = "A: {patternProperties: {";
    for (std::size_t i = 0; i < count; ++i) text += "p" + std::to_string(i) + ": {x-pii: true}, ";
    return reason(text + "}}");
  };
  EXPECT_EQ(of(limits::kPatternsPerState), "ok");
  EXPECT_EQ(of(limits::kPatternsPerState + 1), "too many patternProperties for one value");
}

TEST(Patterns, of_one_document_are_bounded) {
  const auto of = [](std::size_t count) {
    std::string text = "A: {patternProperties: {";
    for (std::size_t i = 0; i < count; ++i) text += "p" + std::to_string(i) + ": {}, ";
    return reason(text + "}}");
  };
  EXPECT_EQ(of(limits::kPlanPatterns), "ok");
  EXPECT_EQ(of(limits::kPlanPatterns + 1), "too many patterns");
}

}  // namespace
}  // namespace nes::schema
