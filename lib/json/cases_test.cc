// testdata/json/cases.txt: the families that a JSON parser is commonly judged by.
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "json/locate.h"
#include "json/naive_for_test.h"
#include "json/plan_for_test.h"

namespace nes::json {
namespace {

// `\xHH` stands for a byte.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!text.substr(i).starts_with("\\x")) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::strtoul(std::string(text.substr(i + 2, 2)).c_str(), nullptr, 16));
    i += 3;
  }
  return out;
}

std::map<std::string, std::string> cases(std::string_view prefix) {
  std::ifstream file(NES_TESTDATA "/json/cases.txt");
  std::map<std::string, std::string> out;
  for (std::string line; std::getline(file, line);) {
    const std::size_t space = line.find(' ');
    if (!line.starts_with(prefix)) continue;
    EXPECT_TRUE(out.emplace(line.substr(0, space), unescaped(line.substr(space + 1))).second) << line;
  }
  EXPECT_GE(out.size(), 8U) << prefix;
  return out;
}

std::vector<Located> located_in(std::string_view text, PlanState start, bool& is_json) {
  static const PlanForTest plan = plan_for_test();
  const std::vector<char> exact(text.begin(), text.end());  // AddressSanitizer sees a read past it
  std::vector<Located> located;
  is_json = locate({exact.data(), exact.size()}, Shape::kDocument, plan, start, located).ok();
  return located;
}

// By the walk that only checks, the walk that looks for planned values, and the slow parser.
void expect_json(const std::string& name, std::string_view text, bool expected) {
  for (const PlanState start : {kNothingPlanned, kStartForTest}) {
    bool is_json = false;
    located_in(text, start, is_json);
    EXPECT_EQ(is_json, expected) << name;
  }
  EXPECT_EQ(naive::Parser(text).parse(limits::kJsonDepth).has_value(), expected) << name;
}

// As the value of a planned key: JSON is accepted, and what is accepted is planned, to the last byte.
void expect_planned_or_refused(const std::string& name, const std::string& text) {
  const std::string document = R"({"a":)" + text + "}";
  bool is_json = false;
  const std::vector<Located> located = located_in(document, kStartForTest, is_json);
  if (!is_json) {
    EXPECT_FALSE(name.starts_with("y_") || name.starts_with("i_accepted_")) << name;
    return;
  }
  ASSERT_EQ(located.size(), 1U) << name;
  const std::string before = document.substr(0, located[0].begin), after = document.substr(located[0].end);
  for (const char c : before.substr(5) + after.substr(0, after.size() - 1))
    EXPECT_NE(std::isspace(static_cast<unsigned char>(c)), 0) << name;
}

TEST(JsonCases, all_that_is_json_is_accepted) {
  for (const auto& [name, text] : cases("y_")) expect_json(name, text, true);
}

TEST(JsonCases, all_that_is_not_is_refused) {
  for (const auto& [name, text] : cases("n_")) expect_json(name, text, false);
}

TEST(JsonCases, what_the_rfc_leaves_open_is_decided_as_its_name_says) {
  for (const auto& [name, text] : cases("i_accepted_")) expect_json(name, text, true);
  for (const auto& [name, text] : cases("i_refused_")) expect_json(name, text, false);
  const std::string open(limits::kJsonDepth, '['), close(limits::kJsonDepth, ']');
  expect_json("depth", open + close, true);
  expect_json("depth and one", "[" + open + close + "]", false);
  expect_json("a hundred thousand deep", std::string(100'000, '['), false);
}

TEST(JsonCases, no_planned_value_passes_whatever_it_is) {
  for (const std::string_view family : {"y_", "i_"})
    for (const auto& [name, text] : cases(family)) expect_planned_or_refused(name, text);
}

// A text cut anywhere is refused, but for numbers and white space at the end.
TEST(JsonCases, every_beginning_of_a_container_or_string_is_refused) {
  for (const auto& [name, text] : cases("y_")) {
    const std::size_t end = text.find_last_not_of(" \t\r\n");
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (text[begin] != '[' && text[begin] != '{' && text[begin] != '"') continue;
    for (std::size_t size = 0; size <= end; ++size) expect_json(name, text.substr(0, size), false);
  }
}

}  // namespace
}  // namespace nes::json
