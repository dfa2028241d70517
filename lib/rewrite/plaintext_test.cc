#include "rewrite/plaintext.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/limits.h"

namespace nes::rewrite {
namespace {

using json::ValueType;
using namespace std::string_view_literals;

std::string encoded(std::string_view literal, ValueType type, bool deterministic = false) {
  secret::SecretBytes out = secret::SecretBytes::copy_of(as_bytes("before"));
  encode_plaintext(literal, type, deterministic, out);
  const std::string text(as_text(out.reveal()));
  EXPECT_TRUE(text.starts_with("before"));
  return text.substr(6);
}

std::string encoded_string(std::string_view literal, bool deterministic = false) {
  return encoded(literal, ValueType::kString, deterministic);
}

// The JSON text, or `!` for a rejected plaintext.
std::string decoded(std::string_view plaintext) {
  secret::SecretBytes out = secret::SecretBytes::copy_of(as_bytes("before"));
  const Result<void> result = decode_plaintext(as_bytes(plaintext), out);
  const std::string text(as_text(out.reveal()));
  EXPECT_TRUE(text.starts_with("before"));
  if (result.ok()) return text.substr(6);
  EXPECT_EQ(result.error().code, ErrorCode::kTokenRejected);
  EXPECT_EQ(text, "before");
  return "!";
}

TEST(Plaintext, writes_canonical_strings_unescaped) {
  EXPECT_EQ(encoded_string(R"("")"), "s");
  EXPECT_EQ(encoded_string(R"("4111 1111")"), "s4111 1111");
  EXPECT_EQ(encoded_string(R"("\"\\\n\u0000/")"), "s\"\\\n\0/"sv);
  EXPECT_EQ(encoded_string("\"\xC3\xA9\x7f\""), "s\xC3\xA9\x7f");
}

TEST(Plaintext, keeps_the_spelling_of_other_strings_when_randomized) {
  EXPECT_EQ(encoded_string(R"("\u0041")"), R"(r\u0041)");
  EXPECT_EQ(encoded_string(R"("\/")"), R"(r\/)");
  EXPECT_EQ(encoded_string(R"("\u001F")"), R"(r\u001F)");
  EXPECT_EQ(encoded_string(R"("\u000a")"), R"(r\u000a)");
  EXPECT_EQ(encoded_string(R"("\ud834\udd1e")"), R"(r\ud834\udd1e)");
}

TEST(Plaintext, gives_all_spellings_of_a_string_one_plaintext_when_deterministic) {
  for (const std::string_view literal : {R"("A/")", R"("\u0041\/")", R"("A\u002f")", R"("A\u002F")"}) {
    EXPECT_EQ(encoded_string(literal, true), "sA/") << literal;
  }
  EXPECT_EQ(encoded_string(R"("\ud834\udd1e")", true), "s\xF0\x9D\x84\x9E");
}

TEST(Plaintext, keeps_lone_surrogates_raw_in_both_modes) {
  EXPECT_EQ(encoded_string(R"("\ud800")"), R"(r\ud800)");
  EXPECT_EQ(encoded_string(R"("\u0041\ud800")", true), R"(r\u0041\ud800)");
}

TEST(Plaintext, keeps_the_text_of_all_other_values) {
  for (const bool deterministic : {false, true}) {
    EXPECT_EQ(encoded("-1.50E+3", ValueType::kNumber, deterministic), "j-1.50E+3");
    EXPECT_EQ(encoded("true", ValueType::kBoolean, deterministic), "jtrue");
    EXPECT_EQ(encoded("[ 1,\n\"\\u0041\" ]", ValueType::kArray, deterministic), "j[ 1,\n\"\\u0041\" ]");
    EXPECT_EQ(encoded(R"({ "a" : null })", ValueType::kObject, deterministic), R"(j{ "a" : null })");
  }
}

TEST(Plaintext, restores_what_it_writes) {
  const std::pair<std::string_view, ValueType> kValues[] = {
      {R"("")", ValueType::kString},
      {R"("a\n\u001f\"")", ValueType::kString},
      {R"("\u0041\/")", ValueType::kString},
      {R"("\ud800")", ValueType::kString},
      {"123456789012345678901234567890.10", ValueType::kNumber},
      {"false", ValueType::kBoolean},
      {"[ ]", ValueType::kArray},
      {R"({"a":"\u0041"})", ValueType::kObject}};
  for (const auto& [literal, type] : kValues) EXPECT_EQ(decoded(encoded(literal, type)), literal);
}

TEST(Plaintext, restores_deterministic_strings_in_canonical_spelling) {
  EXPECT_EQ(decoded(encoded_string(R"("\u0041\/\u000A\u001F")", true)), R"("A/\n\u001f")");
  EXPECT_EQ(decoded(encoded_string(R"("\ud834\udd1e")", true)), "\"\xF0\x9D\x84\x9E\"");
  EXPECT_EQ(decoded(encoded_string(R"("\u0041\ud800")", true)), R"("\u0041\ud800")");
}

TEST(Plaintext, rejects_unknown_type_bytes) {
  EXPECT_EQ(decoded(""), "!");
  EXPECT_EQ(decoded("s"), "\"\"");
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == 's' || byte == 'r' || byte == 'j') continue;
    EXPECT_EQ(decoded(std::string{static_cast<char>(byte)} + "1"), "!") << byte;
  }
}

TEST(Plaintext, rejects_strings_that_are_not_utf8) {
  EXPECT_EQ(decoded("s\xC3\xA9"), "\"\xC3\xA9\"");
  EXPECT_EQ(decoded("s\xC3"), "!");
  EXPECT_EQ(decoded("s\xED\xA0\x80"), "!");
  EXPECT_EQ(decoded("sa\xFF"), "!");
}

TEST(Plaintext, rejects_raw_text_that_is_not_the_inside_of_a_literal) {
  EXPECT_EQ(decoded(R"(r\u0041)"), R"("\u0041")");
  for (const std::string_view plaintext :
       {"r\\/\"", "r\\/\",\"b\":\"", "r\\", "r\\/\n", "r\\/\xFF", "r\\x"}) {
    EXPECT_EQ(decoded(plaintext), "!") << plaintext;
  }
}

TEST(Plaintext, rejects_raw_text_that_sealing_would_have_unescaped) {
  for (const std::string_view plaintext : {"r", "rabc", "r\\n", "r\\u001f"}) {
    EXPECT_EQ(decoded(plaintext), "!") << plaintext;
  }
  EXPECT_EQ(decoded("r\\u001F"), "\"\\u001F\"");
}

TEST(Plaintext, rejects_json_text_that_is_not_one_value_of_its_kind) {
  EXPECT_EQ(decoded("j0"), "0");
  for (const std::string_view plaintext :
       {"j", "j\"a\"", "jnull", "j 1", "j1 ", "j1,2", "j1}", "j[1", "j01", "jTrue", "j[\"\xFF\"]"}) {
    EXPECT_EQ(decoded(plaintext), "!") << plaintext;
  }
  const std::string deepest = std::string(limits::kJsonDepth, '[') + std::string(limits::kJsonDepth, ']');
  EXPECT_EQ(decoded("j" + deepest), deepest);
  EXPECT_EQ(decoded("j[" + deepest + "]"), "!");
}

}  // namespace
}  // namespace nes::rewrite
