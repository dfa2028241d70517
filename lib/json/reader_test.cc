#include "json/reader.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::json {
namespace {

// The events in one line: `{`, `}`, `[`, `]`, key:, "string", number, t, f, n, $ for the end; each behind its
// line. An error is its code and line.
std::string events(std::string_view text, std::size_t max_depth = 8) {
  constexpr std::string_view kNames = "{}[]ks#tfn$";
  const std::string exact(text);
  Reader reader(exact, max_depth);
  std::string out;
  for (;;) {
    const Result<Event> event = reader.next();
    if (!event.ok()) {
      const Result<Event> again = reader.next();
      EXPECT_FALSE(again.ok());
      EXPECT_EQ(again.error().position, event.error().position);
      return out + "!" + base::error_code_name(event.error().code) + "@" +
             std::to_string(event.error().position);
    }
    out += std::to_string(event->line) + kNames[static_cast<std::size_t>(event->type)] +
           std::string(event->text) + " ";
    if (event->type == EventType::kEnd) break;
  }
  const Result<Event> again = reader.next();
  EXPECT_TRUE(again.ok() && again->type == EventType::kEnd);
  return out;
}

TEST(Reader, delivers_every_kind_of_value) {
  EXPECT_EQ(events("{}"), "1{ 1} 1$ ");
  EXPECT_EQ(events("[]"), "1[ 1] 1$ ");
  EXPECT_EQ(events(" -1.50E+3 "), "1#-1.50E+3 1$ ");
  EXPECT_EQ(events(R"({"a":"b","c":[1,true,false,null,{}]})"),
            "1{ 1ka 1sb 1kc 1[ 1#1 1t 1f 1n 1{ 1} 1] 1} 1$ ");
}

TEST(Reader, counts_lines_where_each_event_begins) {
  EXPECT_EQ(events("\n{\n \"a\"\n:\n\n1,\r\n\"b\": [\n]\n}\n\n"), "2{ 3ka 6#1 7kb 7[ 8] 9} 11$ ");
}

TEST(Reader, delivers_repeated_keys) { EXPECT_EQ(events(R"({"a":1,"a":2})"), "1{ 1ka 1#1 1ka 1#2 1} 1$ "); }

TEST(Reader, unescapes_keys_and_strings) {
  EXPECT_EQ(events(R"({"\u0061\/":"\ud834\udd1e\n"})"), "1{ 1ka/ 1s\xF0\x9D\x84\x9E\n 1} 1$ ");
}

TEST(Reader, rejects_lone_surrogates) {
  EXPECT_EQ(events("[\n\"\\ud800\"]"), "1[ !malformed_json@2");
  EXPECT_EQ(events(R"({"\udc00":1})"), "1{ !malformed_json@1");
}

TEST(Reader, rejects_malformed_text_with_its_line) {
  EXPECT_EQ(events(""), "!malformed_json@1");
  EXPECT_EQ(events("\n\n"), "!malformed_json@3");
  EXPECT_EQ(events("1 2"), "1#1 !malformed_json@1");
  EXPECT_EQ(events("[1,]"), "1[ 1#1 !malformed_json@1");
  EXPECT_EQ(events("[,1]"), "1[ !malformed_json@1");
  EXPECT_EQ(events("[1\n2]"), "1[ 1#1 !malformed_json@2");
  EXPECT_EQ(events("[1}"), "1[ 1#1 !malformed_json@1");
  EXPECT_EQ(events("[}"), "1[ !malformed_json@1");
  EXPECT_EQ(events("{]"), "1{ !malformed_json@1");
  EXPECT_EQ(events("{,}"), "1{ !malformed_json@1");
  EXPECT_EQ(events(R"({"a":1,})"), "1{ 1ka 1#1 !malformed_json@1");
  EXPECT_EQ(events(R"({"a" 1})"), "1{ !malformed_json@1");
  EXPECT_EQ(events("{\"a\":\n}"), "1{ 1ka !malformed_json@2");
  EXPECT_EQ(events("{1:2}"), "1{ !malformed_json@1");
  EXPECT_EQ(events("[tru]"), "1[ !malformed_json@1");
  EXPECT_EQ(events("[\"\xFF\"]"), "1[ !malformed_json@1");
  EXPECT_EQ(events("{}}"), "1{ 1} !malformed_json@1");
  EXPECT_EQ(events("\xEF\xBB\xBF{}"), "!malformed_json@1");
  EXPECT_EQ(events(std::string_view("[\0]", 3)), "1[ !malformed_json@1");
}

TEST(Reader, rejects_every_truncation) {
  const std::string text = "{\"a\":[1.5e2,{\"b\":\"x\\u0041\"}],\"c\":[null,true,false]}";
  EXPECT_TRUE(events(text).ends_with("$ "));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_TRUE(events(text.substr(0, size)).ends_with("!malformed_json@1")) << size;
  }
}

TEST(Reader, holds_the_depth_that_it_is_given) {
  EXPECT_EQ(events("1", 0), "1#1 1$ ");
  EXPECT_EQ(events("[]", 0), "!limit@1");
  EXPECT_EQ(events("[[]]", 2), "1[ 1[ 1] 1] 1$ ");
  EXPECT_EQ(events("[\n[\n[]]]", 2), "1[ 2[ !limit@3");
  EXPECT_EQ(events(R"({"a":[]})", 1), "1{ 1ka !limit@1");
  const std::string deep(100'000, '[');
  EXPECT_TRUE(events(deep, limits::kSchemaDepth).ends_with("!limit@1"));
}

}  // namespace
}  // namespace nes::json
