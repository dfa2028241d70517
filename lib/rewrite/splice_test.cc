#include "rewrite/splice.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/json_text.h"
#include "base/limits.h"
#include "base/room_for_test.h"
#include "json/documents_for_test.h"
#include "json/naive_for_test.h"
#include "json/plan_for_test.h"
#include "rewrite/sealing_for_test.h"

namespace nes::rewrite {
namespace {

using json::Shape;

const json::PlanForTest kPlan = json::plan_for_test();

template <typename Apply>
Result<std::string> spliced(std::string_view text, Apply apply, Shape shape = Shape::kDocument,
                            Outcome* outcome = nullptr) {
  Scratch scratch;
  scratch.located.push_back({0, 1, 0, json::ValueType::kNumber});  // as a document before has left it
  secret::SecretBytes out = secret::SecretBytes::copy_of(as_bytes("before"));
  const Result<Outcome> result = splice(text, shape, kPlan, json::kStartForTest, apply, scratch, out);
  const std::string whole(as_text(out.reveal()));
  EXPECT_TRUE(whole.starts_with("before"));
  if (!result.ok()) {
    EXPECT_EQ(whole, "before");
    return result.error();
  }
  if (outcome != nullptr) *outcome = *result;
  return whole.substr(6);
}

Result<bool> star(std::string_view, json::ValueType, json::RuleIndex, secret::SecretBytes& out) {
  out.append(as_bytes("*"));
  return true;
}

TEST(Splice, replaces_planned_values_and_copies_every_other_byte) {
  EXPECT_EQ(spliced(R"( { "a" : 1 , "z":[ 1.50, "\u0041" ],"a":"x"} )", star).value(),
            R"( { "a" : * , "z":[ 1.50, "\u0041" ],"a":*} )");
  EXPECT_EQ(spliced("[{\"a\":[1,2]},\n{\"a\":{}}]", star).value(), "[{\"a\":*},\n{\"a\":*}]");
  EXPECT_EQ(spliced("{\"payload\":\t{\"a\":1}\r\n}", star, Shape::kEnvelope).value(),
            "{\"payload\":\t{\"a\":*}\r\n}");
}

// A value and one of another type, null, which stays, and one that is not planned.
constexpr std::string_view kFour = R"({"a":1,"a":"xyz","a":null,"z":2})";

Result<Outcome> splice_into(base::RoomForTest& room, std::size_t longer, int* applied = nullptr) {
  Scratch scratch;
  secret::SecretBytes out = secret::SecretBytes::copy_of(as_bytes("before"));
  const auto apply = [&](std::string_view literal, json::ValueType, json::RuleIndex,
                         secret::SecretBytes& to) -> Result<bool> {
    if (applied != nullptr) ++*applied;
    to.append(as_bytes(std::string(literal.size() + longer, '*')));
    return true;
  };
  const auto bound = [](std::size_t size) { return size + 10; };
  const Result<Outcome> result =
      splice(kFour, Shape::kDocument, kPlan, json::kStartForTest, apply, scratch, out, &room, bound);
  EXPECT_EQ(out.size(), 6 + (result.ok() ? kFour.size() + 2 * longer : 0));
  return result;
}

TEST(Splice, asks_once_for_all_of_the_new_document_before_a_value_is_transformed) {
  base::RoomForTest enough(kFour.size() + 20);
  EXPECT_TRUE(splice_into(enough, 10).ok());
  EXPECT_EQ(enough.asked, 1);
  EXPECT_EQ(enough.held, kFour.size() + 20) << "null stays as it is";
  base::RoomForTest little(kFour.size() + 19);
  int applied = 0;
  const auto refused = splice_into(little, 0, &applied);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(applied, 0);
}

TEST(Splice, asks_again_where_values_turn_out_longer) {
  base::RoomForTest enough(kFour.size() + 24);
  EXPECT_TRUE(splice_into(enough, 12).ok());
  EXPECT_EQ(enough.held, kFour.size() + 24);
  base::RoomForTest little(kFour.size() + 23);
  int applied = 0;
  EXPECT_EQ(splice_into(little, 12, &applied).error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(applied, 2);
}

TEST(Splice, copies_a_document_without_planned_values) {
  for (const std::string_view text : {"1", " [ ] ", R"({"z":1})", R"("a")"}) {
    Outcome outcome;
    EXPECT_EQ(spliced(text, star, Shape::kDocument, &outcome).value(), text);
    EXPECT_EQ(outcome.replaced + outcome.kept, 0U);
  }
}

TEST(Splice, never_shows_null_to_the_transform) {
  Outcome outcome;
  EXPECT_EQ(spliced(R"({"a":null,"a":1,"b":{"x":null}})", star, Shape::kDocument, &outcome).value(),
            R"({"a":null,"a":*,"b":{"x":null}})");
  EXPECT_EQ(outcome.replaced, 1U);
  EXPECT_EQ(outcome.kept, 0U);
}

TEST(Splice, counts_what_is_replaced_and_what_is_kept) {
  const auto numbers_only = [](std::string_view literal, json::ValueType type, json::RuleIndex rule,
                               secret::SecretBytes& out) -> Result<bool> {
    if (type != json::ValueType::kNumber) return false;
    return star(literal, type, rule, out);
  };
  Outcome outcome;
  EXPECT_EQ(
      spliced(R"({"a":"x","a":1,"a":null,"a":[2],"a":3})", numbers_only, Shape::kDocument, &outcome).value(),
      R"({"a":"x","a":*,"a":null,"a":[2],"a":*})");
  EXPECT_EQ(outcome.replaced, 2U);
  EXPECT_EQ(outcome.kept, 2U);
}

TEST(Splice, gives_literal_type_and_rule_to_the_transform) {
  std::string seen;
  const auto note = [&seen](std::string_view literal, json::ValueType type, json::RuleIndex rule,
                            secret::SecretBytes&) -> Result<bool> {
    seen += std::string(literal) + "/" + std::to_string(static_cast<int>(type)) + "/" + std::to_string(rule) +
            " ";
    return false;
  };
  const std::string_view text = R"({"a": "x" ,"b":{"y":[1 ]},"c":[0,true]})";
  EXPECT_EQ(spliced(text, note).value(), text);
  EXPECT_EQ(seen, R"("x"/3/0 [1 ]/4/1 true/1/2 )");
}

TEST(Splice, leaves_nothing_behind_when_the_transform_fails) {
  const auto fail_at_two = [](std::string_view literal, json::ValueType type, json::RuleIndex rule,
                              secret::SecretBytes& out) -> Result<bool> {
    if (literal == "2") return Error{ErrorCode::kTokenRejected, "two", 77};
    return star(literal, type, rule, out);
  };
  const Result<std::string> result = spliced(R"({"a":1, "a": 2,"a":3})", fail_at_two);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kTokenRejected);
  EXPECT_EQ(result.error().reason.view(), "two");
  EXPECT_EQ(result.error().position, 13U);
}

TEST(Splice, transforms_nothing_of_a_malformed_document) {
  const auto never = [](std::string_view, json::ValueType, json::RuleIndex,
                        secret::SecretBytes&) -> Result<bool> {
    ADD_FAILURE() << "called";
    return false;
  };
  EXPECT_EQ(spliced(R"({"a":1,"a":2)", never).error().code, ErrorCode::kMalformedJson);
  EXPECT_EQ(spliced(R"({"payload":{"a":1},"b":2})", never, Shape::kEnvelope).error().code,
            ErrorCode::kMalformedRequest);
}

// What opening a sealed value gives: a deterministic string comes back in canonical spelling, unless no text
// can hold it.
std::optional<std::string> as_opened(std::string_view literal, json::ValueType type, json::RuleIndex rule) {
  if (type != json::ValueType::kString || rule != kDeterministicForTest) return std::nullopt;
  const std::optional<std::string> text = json::naive::Parser::text_of(literal);
  if (!text) return std::nullopt;
  std::string canonical;
  base::append_quoted(canonical, *text);
  return canonical;
}

TEST(Splice, seals_and_opens_generated_documents_as_the_slow_rewrite_does) {
  std::size_t changed = 0;
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    const bool enveloped = seed % 3 == 0;
    const Shape shape = enveloped ? Shape::kEnvelope : Shape::kDocument;
    const std::string document = json::DocumentsForTest(seed).value(6);
    const std::string text = enveloped ? "{ \"payload\":" + document + "}" : document;
    const auto tree = json::naive::Parser(text).parse(limits::kJsonDepth + 1);
    ASSERT_TRUE(tree.has_value()) << text;
    std::vector<json::naive::Planned> planned;
    json::naive::find_planned(*json::naive::document_of(*tree, shape), kPlan, json::kStartForTest, "",
                              planned);

    const std::string sealed = spliced(text, seal_for_test, shape).value();
    const auto token = [](std::string_view literal, json::ValueType type, json::RuleIndex rule) {
      return token_for_test(literal, type, rule == kDeterministicForTest);
    };
    ASSERT_EQ(sealed, json::naive::rewrite(text, planned, token)) << text;
    const std::string opened = spliced(sealed, open_for_test, shape).value();
    ASSERT_EQ(opened, json::naive::rewrite(text, planned, as_opened)) << text;
    changed += opened != text ? 1U : 0U;
  }
  EXPECT_GT(changed, 100U);
}

}  // namespace
}  // namespace nes::rewrite
