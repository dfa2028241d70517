#include "json/locate.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/room_for_test.h"
#include "json/documents_for_test.h"
#include "json/naive_for_test.h"
#include "json/plan_for_test.h"

namespace nes::json {
namespace {

using Texts = std::vector<std::string>;

const PlanForTest kPlan = plan_for_test();

// "rule:literal" of each located value, or the error's name and position.
Texts found(std::string_view text, Shape shape = Shape::kDocument, PlanState start = kStartForTest) {
  std::vector<Located> located;
  const Result<void> result = locate(text, shape, kPlan, start, located);
  if (!result.ok()) {
    return {std::string(base::error_code_name(result.error().code)) + "@" +
            std::to_string(result.error().position)};
  }
  Texts texts;
  for (const Located& value : located) {
    texts.push_back(std::to_string(value.rule) + ":" +
                    std::string(text.substr(value.begin, value.end - value.begin)));
  }
  return texts;
}

TEST(Locate, finds_values_of_every_type_with_their_spans) {
  EXPECT_EQ(found(R"({"a":"x"})"), Texts{R"(0:"x")"});
  EXPECT_EQ(found("{ \"a\" :\n -1.50e+3 \n}"), Texts{"0:-1.50e+3"});
  EXPECT_EQ(found(R"({"a":true})"), Texts{"0:true"});
  EXPECT_EQ(found(R"({"a": { "a" : [ 1 ] } })"), Texts{R"(0:{ "a" : [ 1 ] })"});
  EXPECT_EQ(found(R"({"a":[ ] })"), Texts{"0:[ ]"});
  EXPECT_EQ(found(R"({"a":123456789012345678901234567890.12345e-400})"),
            Texts{"0:123456789012345678901234567890.12345e-400"});
}

TEST(Locate, tells_the_type) {
  constexpr std::string_view kText = R"({"":[null,true,false,-1,0,"s",[],{}]})";
  constexpr ValueType kTypes[] = {ValueType::kNull,   ValueType::kBoolean, ValueType::kBoolean,
                                  ValueType::kNumber, ValueType::kNumber,  ValueType::kString,
                                  ValueType::kArray,  ValueType::kObject};
  std::vector<Located> located;
  ASSERT_TRUE(locate(kText, Shape::kDocument, kPlan, kStartForTest, located).ok());
  ASSERT_EQ(located.size(), std::size(kTypes));
  for (std::size_t i = 0; i < located.size(); ++i) EXPECT_EQ(located[i].type, kTypes[i]) << i;
}

TEST(Locate, asks_for_room_before_there_are_very_many_positions) {
  constexpr std::size_t kKept = limits::kKeptBufferBytes / sizeof(Located);
  const auto list_of = [](std::size_t values) {
    std::string text = R"({"":[1)";
    for (std::size_t i = 1; i < values; ++i) text += i % 2 == 0 ? ",1" : ",null";
    return text + "]}";
  };
  const auto located_with = [](std::string_view text, base::Room& room) {
    std::vector<Located> located;
    return locate(text, Shape::kDocument, kPlan, kStartForTest, located, &room);
  };
  base::RoomForTest none(0);
  EXPECT_TRUE(located_with(list_of(kKept), none).ok());
  EXPECT_EQ(none.asked, 0);
  const auto refused = located_with(list_of(kKept + 1), none);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  base::RoomForTest enough(3 * limits::kKeptBufferBytes);
  EXPECT_TRUE(located_with(list_of(2 * kKept), enough).ok());
  EXPECT_FALSE(located_with(list_of(2 * kKept + 1), enough).ok());
  EXPECT_EQ(found(list_of(2 * kKept + 1)).size(), 2 * kKept + 1) << "nobody is asked";
}

TEST(Locate, finds_nothing_where_nothing_is_planned) {
  EXPECT_EQ(found(R"({"z":{"a":1},"A":1,"a ":1,"aa":1})"), Texts{});
  EXPECT_EQ(found(R"({"a":1})", Shape::kDocument, kNothingPlanned), Texts{});
  EXPECT_EQ(found(R"("a")"), Texts{});
}

TEST(Locate, finds_a_planned_root) {
  constexpr PlanState kRuleTwo = 4;
  EXPECT_EQ(found(" [1] ", Shape::kDocument, kRuleTwo), Texts{"2:[1]"});
  EXPECT_EQ(found(R"({"payload": null})", Shape::kEnvelope, kRuleTwo), Texts{"2:null"});
}

TEST(Locate, finds_every_duplicate_of_a_key) {
  EXPECT_EQ(found(R"({"a":1,"z":0,"a":2,"\u0061":3,"a":{"a":4}})"),
            (Texts{"0:1", "0:2", "0:3", R"(0:{"a":4})"}));
}

TEST(Locate, compares_keys_after_unescaping) {
  EXPECT_EQ(found(R"({"\u0061":1})"), Texts{"0:1"});
  EXPECT_EQ(found(R"({"\u00E9":1,"\u00e9":2})"), (Texts{"1:1", "1:2"}));
  EXPECT_EQ(found("{\"\xC3\xA9\":1}"), Texts{"1:1"});
  EXPECT_EQ(found(R"({"x\/~y":{"a":1}})"), Texts{"0:1"});
  EXPECT_EQ(found(R"({"\\u0061":1,"a\u0000":2})"), Texts{});
}

TEST(Locate, seals_under_open_keys_whatever_the_key) {
  EXPECT_EQ(found(R"({"b":{"x":1,"":2,"\ud800":3,"\udc00\ud800":4,"\u0000":5,"a":6,"d":{"a":7}}})"),
            (Texts{"1:1", "1:2", "1:3", "1:4", "1:5", "0:7"}));
}

TEST(Locate, walks_tuples_lists_and_cycles) {
  EXPECT_EQ(found(R"({"c":[1,2,{"a":3},[4,[5]],[6]],"d":{"d":{"a":7}}})"),
            (Texts{"2:2", "0:3", "1:4", "1:[5]", "1:6", "0:7"}));
  EXPECT_EQ(found(R"([{"a":1},[[{"a":2}]],3])"), (Texts{"0:1", "0:2"}));
}

TEST(Locate, ignores_containers_of_another_kind_than_planned) {
  EXPECT_EQ(found(R"({"b":[1],"c":{"a":1},"":{"a":2}})"), Texts{"2:2"});
}

TEST(Locate, takes_an_envelope_of_payload_alone) {
  const auto in_envelope = [](std::string_view text) { return found(text, Shape::kEnvelope); };
  EXPECT_EQ(in_envelope(R"( {"payload" : {"a":1} } )"), Texts{"0:1"});
  EXPECT_EQ(in_envelope(R"({"pa\u0079load":{"a":1}})"), Texts{"0:1"});
  EXPECT_EQ(in_envelope(R"({"payload":0})"), Texts{});
  EXPECT_EQ(in_envelope(R"({"payload":{"payload":{"a":1}}})"), Texts{});
  EXPECT_EQ(in_envelope("{}"), Texts{"malformed_request@2"});
  EXPECT_EQ(in_envelope("[]"), Texts{"malformed_request@0"});
  EXPECT_EQ(in_envelope(" null"), Texts{"malformed_request@1"});
  EXPECT_EQ(in_envelope(R"({"a":1})"), Texts{"malformed_request@5"});
  EXPECT_EQ(in_envelope(R"({"Payload":1})"), Texts{"malformed_request@11"});
  EXPECT_EQ(in_envelope(R"({"payload":1,"payload":1})"), Texts{"malformed_request@23"});
  EXPECT_EQ(in_envelope(R"({"payload":1,"b":1})"), Texts{"malformed_request@17"});
  EXPECT_EQ(in_envelope(R"({"b":1,"payload":1})"), Texts{"malformed_request@5"});
  EXPECT_EQ(in_envelope(R"({"b":1,"payload":1,"payload":2})"), Texts{"malformed_request@5"});
}

TEST(Locate, says_malformed_json_before_malformed_request) {
  EXPECT_EQ(found(R"({"b":1,"b":2,})", Shape::kEnvelope), Texts{"malformed_json@13"});
  EXPECT_EQ(found("[1", Shape::kEnvelope), Texts{"malformed_json@2"});
  EXPECT_EQ(found(R"({"payload":1}x)", Shape::kEnvelope), Texts{"malformed_json@13"});
  EXPECT_EQ(found("", Shape::kEnvelope), Texts{"malformed_json@0"});
}

TEST(Locate, lets_a_payload_be_as_deep_as_a_document) {
  const auto deep = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(found(deep(limits::kJsonDepth)), Texts{});
  EXPECT_EQ(found(deep(limits::kJsonDepth + 1)), Texts{"malformed_json@128"});
  const std::string deepest = R"({"payload":)" + deep(limits::kJsonDepth) + "}";
  EXPECT_EQ(found(deepest, Shape::kEnvelope), Texts{});
  EXPECT_EQ(found(deepest, Shape::kEnvelope, kNothingPlanned), Texts{});
  const std::string too_deep = R"({"payload":)" + deep(limits::kJsonDepth + 1) + "}";
  EXPECT_EQ(found(too_deep, Shape::kEnvelope), Texts{"malformed_json@139"});
  EXPECT_EQ(found(too_deep, Shape::kEnvelope, kNothingPlanned), Texts{"malformed_json@139"});
}

TEST(Locate, checks_the_inside_of_planned_values) {
  EXPECT_EQ(found(R"({"a":{"b":[1,]}})"), Texts{"malformed_json@13"});
  EXPECT_EQ(found("{\"a\":\"\xFF\"}"), Texts{"malformed_json@6"});
}

TEST(Locate, appends_to_what_was_located_before) {
  std::vector<Located> located;
  ASSERT_TRUE(locate(R"({"a":1})", Shape::kDocument, kPlan, kStartForTest, located).ok());
  ASSERT_TRUE(locate(R"({"a":22})", Shape::kDocument, kPlan, kStartForTest, located).ok());
  ASSERT_EQ(located.size(), 2U);
  EXPECT_EQ(located[1].end, 7U);
}

std::string path(std::string_view text, std::string_view value, Shape shape = Shape::kDocument) {
  return path_of(text, shape, kPlan, kStartForTest, static_cast<std::uint32_t>(text.find(value)));
}

TEST(PathOf, shows_named_keys_indices_and_stars) {
  EXPECT_EQ(path(R"({"z":1,"a":77})", "77"), "/a");
  EXPECT_EQ(path(R"([[],{"d":{"a":77}}])", "77"), "/1/d/a");
  EXPECT_EQ(path(R"({"b":{"secret":77}})", "77"), "/b/*");
  EXPECT_EQ(path(R"({"\u0063":[[],0,{"x\/~y":{"a":77}}]})", "77"), "/c/2/x~1~0y/a");
  EXPECT_EQ(path(R"({"":[0,{"b":1},77]})", "77"), "//2");
  EXPECT_EQ(path(R"({"payload":{"a":77}})", "77", Shape::kEnvelope), "/a");
  EXPECT_EQ(path(R"({"payload":{"a":77}})", R"({"a")", Shape::kEnvelope), "");
  EXPECT_EQ(path("77", "77"), "");
}

TEST(PathOf, shows_stars_where_nothing_is_planned) {
  EXPECT_EQ(path(R"({"z":{"a":[77]}})", "77"), "/*/*/0");
  EXPECT_EQ(path(R"({"a":{"a":[77]}})", "77"), "/a/*/0");
}

TEST(PathOf, is_empty_where_no_value_begins) {
  EXPECT_EQ(path(R"({"z":{"a":[77]}})", "7]"), "");
  EXPECT_EQ(path(R"({"a":77})", R"("a")"), "");
  EXPECT_EQ(path_of(R"({"a":77})", Shape::kDocument, kPlan, kStartForTest, 1000), "");
}

TEST(Locate, agrees_with_the_slow_parser_on_generated_documents) {
  std::size_t planned_values = 0;
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    const bool enveloped = seed % 3 == 0;
    const Shape shape = enveloped ? Shape::kEnvelope : Shape::kDocument;
    const std::string document = DocumentsForTest(seed).value(6);
    const std::string text = enveloped ? "{\"payload\": " + document + " }" : document;
    const auto tree = naive::Parser(text).parse(limits::kJsonDepth + 1);
    ASSERT_TRUE(tree.has_value()) << text;
    std::vector<naive::Planned> expected;
    naive::find_planned(*naive::document_of(*tree, shape), kPlan, kStartForTest, "", expected);
    std::vector<Located> located;
    ASSERT_TRUE(locate(text, shape, kPlan, kStartForTest, located).ok()) << text;
    ASSERT_EQ(located.size(), expected.size()) << text;
    for (std::size_t i = 0; i < located.size(); ++i) {
      ASSERT_EQ(located[i].begin, expected[i].node->begin) << text;
      ASSERT_EQ(located[i].end, expected[i].node->end) << text;
      ASSERT_EQ(located[i].rule, expected[i].rule) << text;
      ASSERT_EQ(located[i].type, expected[i].node->type) << text;
      ASSERT_EQ(path_of(text, shape, kPlan, kStartForTest, located[i].begin), expected[i].path) << text;
    }
    planned_values += located.size();
  }
  EXPECT_GT(planned_values, 5'000U);
}

}  // namespace
}  // namespace nes::json
