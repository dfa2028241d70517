#include "json/literal.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::json {
namespace {

using namespace std::string_view_literals;

std::optional<std::string> unescaped(std::string_view inner) {
  const auto out = std::make_unique<char[]>(inner.size());  // exactly the room that the contract asks for
  const std::optional<std::size_t> size = unescape_to(inner, out.get());
  if (!size) return std::nullopt;
  return std::string(out.get(), *size);
}

std::string replaced(std::string_view inner) {
  const auto out = std::make_unique<char[]>(inner.size());
  return {out.get(), unescape_replacing_to(inner, out.get())};
}

std::string canonical(std::string_view text) {
  const auto out = std::make_unique<char[]>(canonical_size(text));
  write_canonical(text, out.get());
  return {out.get(), canonical_size(text)};
}

TEST(Literal, unescapes_every_escape) {
  EXPECT_EQ(unescaped(""), "");
  EXPECT_EQ(unescaped("plain"), "plain");
  EXPECT_EQ(unescaped(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(unescaped(R"(card\u005fnumber)"), "card_number");
  EXPECT_EQ(unescaped(R"(\u0000)"), "\0"sv);
  EXPECT_EQ(unescaped(R"(\u007f\u0080\u07ff\u0800\uFFFF)"), "\x7f\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
  EXPECT_EQ(unescaped(R"(\u00AB\u00cd)"), "\xC2\xAB\xC3\x8D");
  EXPECT_EQ(unescaped(R"(\\u0041)"), "\\u0041");
}

// RFC 8259 section 7: the G clef.
TEST(Literal, joins_surrogate_pairs) {
  EXPECT_EQ(unescaped(R"(\uD834\uDD1E)"), "\xF0\x9D\x84\x9E");
  EXPECT_EQ(unescaped(R"(\ud800\udc00)"), "\xF0\x90\x80\x80");
  EXPECT_EQ(unescaped(R"(\udbff\udfff)"), "\xF4\x8F\xBF\xBF");
}

TEST(Literal, has_no_text_for_lone_surrogates_and_a_replacement_for_keys) {
  for (const std::string_view inner : {R"(\ud800)", R"(\udfff)", R"(\udc00\ud800)", R"(\ud800\u0041)",
                                       R"(\ud800x)", R"(\ud800\n)", R"(\ud800\ud800)"}) {
    EXPECT_FALSE(unescaped(inner).has_value()) << inner;
  }
  EXPECT_EQ(replaced(R"(a\ud800b)"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(replaced(R"(\ud800\ud800\udc00)"), "\xEF\xBF\xBD\xF0\x90\x80\x80");
  EXPECT_EQ(replaced(R"(\udc00)"), "\xEF\xBF\xBD");
  EXPECT_EQ(replaced(R"(a\n)"), "a\n");
}

TEST(Literal, knows_canonical_spelling) {
  for (const std::string_view inner : {"", "plain", "/", "\x7f", "\xC3\xA9", R"(\"\\\b\t\n\f\r)", R"(\u0000)",
                                       R"(\u001f)", R"(\u000b)", R"(x\\u0041)"}) {
    EXPECT_TRUE(is_canonical(inner)) << inner;
    EXPECT_EQ(canonical(unescaped(inner).value()), inner);
  }
  for (const std::string_view inner :
       {R"(\/)", R"(\u0041)", R"(\u00e9)", R"(\u001F)", R"(\u000B)", R"(\u0008)", R"(\u000a)", R"(\u0022)",
        R"(\u005c)", R"(\u007f)", R"(\u0020)", R"(\ud834\udd1e)", R"(\ud800)", R"(\\\u0041)", R"(\n\/)"}) {
    EXPECT_FALSE(is_canonical(inner)) << inner;
  }
}

TEST(Literal, canonical_spelling_of_every_byte_is_canonical_and_unescapes_to_it) {
  for (int byte = 0; byte < 0x80; ++byte) {
    const std::string text = {'a', static_cast<char>(byte), 'z'};
    const std::string inner = canonical(text);
    EXPECT_TRUE(is_valid_inner(inner)) << byte;
    EXPECT_TRUE(is_canonical(inner)) << byte;
    EXPECT_EQ(unescaped(inner), text) << byte;
  }
}

TEST(Literal, an_escape_is_canonical_exactly_if_canonical_spelling_writes_it) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  for (const char high : "00112"sv) {
    for (const char low : kHex) {
      const std::string inner = {'\\', 'u', '0', '0', high, low};
      EXPECT_EQ(is_canonical(inner), canonical(unescaped(inner).value()) == inner) << inner;
    }
  }
}

TEST(Literal, checks_utf8) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("\0 a\x7f\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x91"sv));
  for (const std::string_view text :
       {"\x80", "a\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

TEST(Literal, checks_inner_text) {
  for (const std::string_view inner : {"", "a", "\x7f", R"(\")", R"(\\)", R"(\ud800)", "\xC3\xA9"}) {
    EXPECT_TRUE(is_valid_inner(inner)) << inner;
  }
  for (const std::string_view inner : {"\"", "a\"", "\"a", R"(\)", R"(\\\)", R"(\x)", R"(\u12)", R"(\u12g4)",
                                       "\n", "\x1f", "\xC3", "\xED\xA0\x80"}) {
    EXPECT_FALSE(is_valid_inner(inner)) << inner;
  }
  EXPECT_FALSE(is_valid_inner("a\0"sv));
}

TEST(Literal, checks_values) {
  for (const std::string_view text :
       {"0", "-1.5e+3", "true", "false", "null", R"("a")", "[]", "[ 1 , 2 ]", "{ }", R"({"a":[{}]})"}) {
    EXPECT_TRUE(is_valid_value(text)) << text;
  }
  for (const std::string_view text :
       {"", " ", " 0", "0 ", "[] ", "\n{}", "1 2", "[1", "{}}", "nul", "-", "01"}) {
    EXPECT_FALSE(is_valid_value(text)) << text;
  }
  const std::string deepest = std::string(limits::kJsonDepth, '[') + std::string(limits::kJsonDepth, ']');
  EXPECT_TRUE(is_valid_value(deepest));
  EXPECT_FALSE(is_valid_value("[" + deepest + "]"));
}

}  // namespace
}  // namespace nes::json
