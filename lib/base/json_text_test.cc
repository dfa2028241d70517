#include "base/json_text.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace nes::base {
namespace {

using namespace std::string_view_literals;

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

TEST(JsonText, quotes_plain_text) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("config: TLS_PORT: not a port"), R"("config: TLS_PORT: not a port")");
  EXPECT_EQ(quoted("a/b \x7f"), "\"a/b \x7f\"");
}

TEST(JsonText, appends_to_what_is_there) {
  std::string out = "{\"a\":";
  append_quoted(out, "b");
  EXPECT_EQ(out, R"({"a":"b")");
}

TEST(JsonText, escapes_quotes_backslashes_and_control_characters) {
  EXPECT_EQ(quoted("\"\\\b\t\n\f\r"), R"("\"\\\b\t\n\f\r")");
  EXPECT_EQ(quoted("\0\x01\x0b\x1f\x20"sv), R"("\u0000\u0001\u000b\u001f ")");
}

TEST(JsonText, copies_utf8) {
  EXPECT_EQ(quoted("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\x91"), "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\x91\"");
}

TEST(JsonText, replaces_each_byte_that_is_no_utf8) {
  EXPECT_EQ(quoted("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quoted("\xC3"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xC3\""), "\"\xEF\xBF\xBD\\\"\"");
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace nes::base
