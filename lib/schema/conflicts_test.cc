#include <string>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

constexpr const char* kConflict = "different x-pii for one value";

// Two schemas for one value.
std::string both(const std::string& a, const std::string& b) {
  return reason("A: {allOf: [" + a + ", " + b + "]}");
}

TEST(Conflicts, refuse_different_rules_for_one_value) {
  EXPECT_EQ(both("{properties: {k: {x-pii: {context: a}}}}", "{properties: {k: {x-pii: {context: b}}}}"),
            kConflict);
  EXPECT_EQ(both("{properties: {k: {x-pii: {context: a}}}}",
                 "{properties: {k: {x-pii: {context: a, mode: deterministic}}}}"),
            kConflict);
  EXPECT_EQ(both("{properties: {k: {x-pii: {context: a}}}}",
                 "{properties: {k: {x-pii: {context: a, previous_contexts: [b]}}}}"),
            kConflict);
  EXPECT_EQ(both("{items: {x-pii: {context: a}}}", "{contains: {x-pii: {context: b}}}"), kConflict);
  EXPECT_EQ(both("{prefixItems: [{x-pii: true}]}", "{items: {x-pii: {context: b}}}"), kConflict);
  EXPECT_EQ(reason("A: {x-pii: true, anyOf: [{x-pii: {context: b}}]}"), kConflict);
}

TEST(Conflicts, name_the_line_of_an_x_pii) {
  EXPECT_EQ(refusal(compile_components("A:\n  x-pii: true\n  anyOf:\n  - {x-pii: {context: b}}")),
            "7: different x-pii for one value");
}

TEST(Conflicts, are_none_where_the_rules_are_the_same) {
  EXPECT_EQ(both("{properties: {k: {x-pii: {context: a}}}}", "{properties: {k: {x-pii: {context: a}}}}"),
            "ok");
  EXPECT_EQ(both("{properties: {k: {x-pii: true}}}", "{properties: {k: {x-pii: {mode: randomized}}}}"), "ok");
  EXPECT_EQ(both("{properties: {k: {x-pii: true}}}", "{properties: {k: {x-pii: false}}}"), "ok");
}

TEST(Conflicts, are_none_between_a_value_and_what_is_inside_it) {
  const auto schema = schemas(
      "A: {allOf: [{properties: {k: {x-pii: {context: a}}}}, {properties: {k: {properties: {l: {x-pii: "
      "{context: "
      "b}}}}}}]}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized:a");
  EXPECT_EQ(seal(schema, "A", "k/l"), "randomized:a");
}

TEST(Conflicts, arise_between_additionalProperties_and_names_of_another_schema) {
  const std::string additional = "{additionalProperties: {x-pii: {context: a}}}";
  EXPECT_EQ(both("{properties: {k: {x-pii: {context: b}}}}", additional), kConflict);
  EXPECT_EQ(both("{patternProperties: {'^k': {x-pii: {context: b}}}}", additional), kConflict);
  EXPECT_EQ(both("{additionalProperties: {x-pii: {context: b}}}", additional), kConflict);
  EXPECT_EQ(both("{properties: {k: {x-pii: {context: a}}}}", additional), "ok");
  EXPECT_EQ(both("{properties: {k: {type: string}}}", additional), "ok");
  EXPECT_EQ(
      reason("A: {properties: {k: {x-pii: {context: b}}}, additionalProperties: {x-pii: {context: a}}}"),
      "ok");
}

TEST(Conflicts, arise_below_additionalProperties_too) {
  const std::string additional = "{additionalProperties: {properties: {l: {x-pii: {context: a}}}}}";
  EXPECT_EQ(both("{properties: {k: {properties: {l: {x-pii: {context: b}}}}}}", additional), kConflict);
  EXPECT_EQ(both("{patternProperties: {'^k': {properties: {l: {x-pii: {context: b}}}}}}", additional),
            kConflict);
  EXPECT_EQ(both("{patternProperties: {'^k': {properties: {m: {x-pii: {context: b}}}}}}", additional), "ok");
}

TEST(Conflicts, are_none_between_a_literal_key_and_a_pattern_of_another_schema) {
  const auto schema = schemas(
      "A: {allOf: [{patternProperties: {'^k': {x-pii: {context: b}}}}, {properties: {k: {x-pii: {context: "
      "a}}}}]}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized:a");
}

}  // namespace
}  // namespace nes::schema
