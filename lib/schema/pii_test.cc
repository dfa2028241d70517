#include <string>

#include "base/limits.h"
#include "schema/test_support.h"

namespace nes::schema {
namespace {

std::string rule_of(const std::string& pii, CompileOptions options = {}) {
  const auto result = compile_components("A: {properties: {k: {x-pii: " + pii + "}}}", options);
  return result.ok() ? seal(*result, "A", "k") : std::string(result.error().reason.view());
}

TEST(Pii, true_means_the_default_mode) {
  EXPECT_EQ(rule_of("true"), "randomized");
  EXPECT_EQ(rule_of("true", {Mode::kDeterministic}), "deterministic");
  EXPECT_EQ(rule_of("{}"), "randomized");
  EXPECT_EQ(rule_of("{context: a}", {Mode::kDeterministic}), "deterministic:a");
  EXPECT_EQ(rule_of("{mode: randomized}", {Mode::kDeterministic}), "randomized");
}

TEST(Pii, false_is_as_absent) {
  EXPECT_EQ(rule_of("false"), "open");
  EXPECT_EQ(reason("A: {type: object, not: {x-pii: false}}"), "ok");
}

TEST(Pii, takes_mode_context_and_previous_contexts) {
  EXPECT_EQ(rule_of("{mode: deterministic, context: 'a.B_9:-'}"), "deterministic:a.B_9:-");
  EXPECT_EQ(rule_of("{context: b, previous_contexts: ['', a, '']}"), "randomized:b<<a<");
  EXPECT_EQ(rule_of("{previous_contexts: []}"), "randomized");
}

TEST(Pii, needs_a_context_for_deterministic_written_out) {
  EXPECT_EQ(rule_of("{mode: deterministic}"), "mode: deterministic needs a context");
  EXPECT_EQ(rule_of("{mode: deterministic, previous_contexts: [a]}"), "mode: deterministic needs a context");
}

TEST(Pii, bounds_labels) {
  const std::string label(limits::kContextBytes, 'a');
  EXPECT_EQ(rule_of("{context: " + label + "}"), "randomized:" + label);
  for (const std::string& bad :
       {label + "a", std::string("''"), std::string("'a b'"), std::string("a/b"), std::string("é"),
        std::string("7"), std::string("null"), std::string("[a]")}) {
    EXPECT_EQ(rule_of("{context: " + bad + "}"), "the context of an x-pii is not a label") << bad;
  }
}

TEST(Pii, bounds_previous_contexts) {
  std::string list = "[a";
  for (std::size_t i = 1; i < limits::kPreviousContexts; ++i) list += ", a";
  EXPECT_TRUE(rule_of("{previous_contexts: " + list + "]}").starts_with("randomized<a"));
  EXPECT_EQ(rule_of("{previous_contexts: " + list + ", a]}"), "too many previous_contexts");
  EXPECT_EQ(rule_of("{previous_contexts: a}"), "previous_contexts is not a list");
  EXPECT_EQ(rule_of("{previous_contexts: [a/b]}"), "a previous context is not a label");
  EXPECT_EQ(rule_of("{previous_contexts: [1]}"), "a previous context is not a label");
}

TEST(Pii, refuses_every_other_value) {
  for (const char* bad : {"yes", "'true'", "1", "null", "[]", "[true]", "deterministic", "''"}) {
    EXPECT_EQ(rule_of(bad), "an x-pii is not true, false or a mapping") << bad;
  }
  for (const char* bad :
       {"{mode: random}", "{mode: true}", "{mode: }", "{mode: Deterministic, context: a}"}) {
    EXPECT_EQ(rule_of(bad), "the mode of an x-pii is neither deterministic nor randomized") << bad;
  }
  EXPECT_EQ(rule_of("{modes: randomized}"), "an x-pii has a member that is not understood");
  EXPECT_EQ(rule_of("{mode: randomized, x-note: a}"), "an x-pii has a member that is not understood");
}

TEST(Pii, seals_a_value_of_any_type_and_stops_there) {
  const auto schema =
      schemas("A: {properties: {k: {type: object, x-pii: true, properties: {l: {type: string}}}}}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized");
  const auto plan = *schema->plan("/components/schemas/A");
  EXPECT_EQ(plan.member(walk(plan, "k"), "l"), json::kNothingPlanned);
}

TEST(Pii, of_the_outermost_schema_wins) {
  const auto schema =
      schemas("A: {properties: {k: {x-pii: {context: outer}, properties: {l: {x-pii: {context: inner}}}}}}");
  EXPECT_EQ(seal(schema, "A", "k/l"), "randomized:outer");
}

}  // namespace
}  // namespace nes::schema
