#include <string>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

constexpr const char* kNoList = "a list of schemas is not a list";
constexpr const char* kNoMap = "a map of schemas is not a mapping";
constexpr const char* kNoSchema = "a schema is neither a mapping nor a boolean";

TEST(Properties, seal_the_member_of_their_name) {
  const auto schema = schemas("A: {properties: {k: {x-pii: true}, o: {properties: {l: {x-pii: true}}}}}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized");
  EXPECT_EQ(seal(schema, "A", "o/l"), "randomized");
  for (const char* path : {"K", "kk", "", "l", "o", "o/k", "[0]", "k2/l"})
    EXPECT_EQ(seal(schema, "A", path), "open");
  EXPECT_EQ(reason("A: {properties: [k]}"), kNoMap);
  EXPECT_EQ(reason("A: {properties: }"), kNoMap);
  EXPECT_EQ(reason("A: {properties: {k: string}}"), kNoSchema);
  EXPECT_EQ(reason("A: {properties: {k: }}"), kNoSchema);
  EXPECT_EQ(reason("A: {properties: {k: true, l: false}}"), "ok");
}

TEST(Properties, may_have_any_name) {
  const auto schema = schemas(
      "A: {properties: {x-pii: {x-pii: true}, $ref: {x-pii: true}, '': {x-pii: true}, "
      "default: {x-pii: true}, example: {properties: {enum: {x-pii: true}}}}}");
  for (const char* key : {"x-pii", "$ref", "default", "example/enum"})
    EXPECT_EQ(seal(schema, "A", key), "randomized");
  const auto plan = *schema->plan("/components/schemas/A");
  EXPECT_NE(plan.rule(plan.member(plan.start(), "")), json::kNoRule);
}

TEST(AdditionalProperties, take_the_keys_that_nothing_else_names) {
  const auto schema = schemas(
      "A: {properties: {k: {}, l: true}, patternProperties: {'^x': {}}, additionalProperties: {x-pii: "
      "true}}");
  EXPECT_EQ(seal(schema, "A", "other"), "randomized");
  for (const char* path : {"k", "l", "x1", "[0]"}) EXPECT_EQ(seal(schema, "A", path), "open") << path;
  EXPECT_EQ(reason("A: {additionalProperties: []}"), kNoSchema);
  EXPECT_EQ(reason("A: {additionalProperties: 'false'}"), kNoSchema);
  EXPECT_EQ(reason("A: {additionalProperties: false}"), "ok");
}

TEST(AdditionalProperties, look_at_the_names_of_their_own_schema_alone) {
  const auto schema = schemas("A: {allOf: [{properties: {k: {}}}], additionalProperties: {x-pii: true}}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized");
}

TEST(Items, seal_elements) {
  const auto schema = schemas("A: {items: {x-pii: true}}");
  EXPECT_EQ(seal(schema, "A", "[0]"), "randomized");
  EXPECT_EQ(seal(schema, "A", "[99999]"), "randomized");
  EXPECT_EQ(seal(schema, "A", "0"), "open");
  EXPECT_EQ(reason("A: {items: [{x-pii: true}]}"), "items is a list; prefixItems is its name now");
  EXPECT_EQ(reason("A: {items: string}"), kNoSchema);
  EXPECT_EQ(reason("A: {items: false}"), "ok");
}

TEST(PrefixItems, seal_elements_by_position) {
  const auto schema =
      schemas("A: {prefixItems: [{}, {x-pii: {context: a}}, true], items: {x-pii: {context: b}}}");
  EXPECT_EQ(seal(schema, "A", "[0]"), "open");
  EXPECT_EQ(seal(schema, "A", "[1]"), "randomized:a");
  EXPECT_EQ(seal(schema, "A", "[2]"), "open");
  EXPECT_EQ(seal(schema, "A", "[3]"), "randomized:b");
  const auto alone = schemas("A: {prefixItems: [{x-pii: true}]}");
  EXPECT_EQ(seal(alone, "A", "[0]"), "randomized");
  EXPECT_EQ(seal(alone, "A", "[1]"), "open");
  EXPECT_EQ(reason("A: {prefixItems: {a: {}}}"), kNoList);
}

TEST(Contains, seals_every_element) {
  const auto schema = schemas("A: {prefixItems: [{}], contains: {properties: {k: {x-pii: true}}}}");
  EXPECT_EQ(seal(schema, "A", "[0]/k"), "randomized");
  EXPECT_EQ(seal(schema, "A", "[5]/k"), "randomized");
  EXPECT_EQ(reason("A: {contains: []}"), kNoSchema);
}

TEST(Applicators, apply_unconditionally) {
  const std::string branch = "{properties: {k: {x-pii: true}}}";
  for (const std::string list : {"allOf", "anyOf", "oneOf"}) {
    const auto schema = schemas("A: {" + list + ": [{type: string}, " + branch + "]}");
    EXPECT_EQ(seal(schema, "A", "k"), "randomized") << list;
    EXPECT_EQ(seal(schema, "A", "l"), "open") << list;
    EXPECT_EQ(reason("A: {" + list + ": {a: {}}}"), kNoList);
    EXPECT_EQ(reason("A: {" + list + ": [a]}"), kNoSchema);
    EXPECT_EQ(reason("A: {" + list + ": [true]}"), "ok");
  }
  for (const std::string one : {"if", "then", "else"}) {
    EXPECT_EQ(seal(schemas("A: {" + one + ": " + branch + "}"), "A", "k"), "randomized") << one;
    EXPECT_EQ(reason("A: {" + one + ": [{}]}"), kNoSchema);
  }
  EXPECT_EQ(seal(schemas("A: {dependentSchemas: {trigger: " + branch + "}}"), "A", "k"), "randomized");
  EXPECT_EQ(reason("A: {dependentSchemas: [{}]}"), kNoMap);
  EXPECT_EQ(reason("A: {dependentSchemas: {a: [b]}}"), kNoSchema);
}

TEST(Applicators, seal_the_value_itself) {
  const auto schema = schemas("A: {properties: {k: {anyOf: [{type: 'null'}, {type: string, x-pii: true}]}}}");
  EXPECT_EQ(seal(schema, "A", "k"), "randomized");
}

TEST(Applicators, merge_what_they_say_of_one_member) {
  const auto schema = schemas(
      "A: {allOf: [{properties: {o: {properties: {k: {x-pii: true}}}}}, {properties: {o: {properties: {l: "
      "{x-pii: "
      "true}}}}}]}");
  EXPECT_EQ(seal(schema, "A", "o/k"), "randomized");
  EXPECT_EQ(seal(schema, "A", "o/l"), "randomized");
}

TEST(Definitions, apply_nowhere_by_themselves) {
  EXPECT_EQ(reason("A: {$defs: {D: {properties: {k: {x-pii: true}}}}}"),
            "an x-pii that no root schema reaches");
  EXPECT_EQ(reason("A: {$defs: {D: {properties: {k: {type: string}}}}}"), "ok");
  EXPECT_EQ(reason("A: {$defs: []}"), kNoMap);
}

TEST(UnevaluatedProperties, leave_out_what_certainly_applies) {
  const auto schema = schemas(
      "A: {properties: {a: {}}, patternProperties: {'^b': {}}, allOf: [{properties: {c: {}}}, {$ref: "
      "'#/components/schemas/B'}], unevaluatedProperties: {x-pii: true}}\n"
      "B: {allOf: [{patternProperties: {'^d': {}}}]}");
  for (const char* key : {"a", "b", "bb", "c", "d1"}) EXPECT_EQ(seal(schema, "A", key), "open") << key;
  for (const char* key : {"cc", "e"}) EXPECT_EQ(seal(schema, "A", key), "randomized") << key;
}

TEST(UnevaluatedProperties, take_what_only_a_branch_names) {
  for (const char* branch : {"anyOf: [{properties: {a: {}}}]", "oneOf: [{properties: {a: {}}}]",
                             "if: {properties: {a: {}}}", "then: {properties: {a: {}}}",
                             "else: {properties: {a: {}}}", "dependentSchemas: {t: {properties: {a: {}}}}"}) {
    const auto schema = schemas("A: {" + std::string(branch) + ", unevaluatedProperties: {x-pii: true}}");
    EXPECT_EQ(seal(schema, "A", "a"), "randomized") << branch;
  }
}

TEST(UnevaluatedProperties, have_nothing_left_beside_additionalProperties) {
  const auto schema = schemas(
      "A: {allOf: [{additionalProperties: true}], unevaluatedProperties: {x-pii: true}, properties: {k: "
      "{x-pii: true}}}");
  EXPECT_EQ(seal(schema, "A", "other"), "open");
  EXPECT_EQ(reason("A: {unevaluatedProperties: [a]}"), kNoSchema);
  EXPECT_EQ(reason("A: {unevaluatedProperties: false}"), "ok");
}

TEST(UnevaluatedItems, take_what_does_not_certainly_apply) {
  const auto schema = schemas(
      "A: {allOf: [{prefixItems: [{}]}], anyOf: [{prefixItems: [{}, {}]}], unevaluatedItems: {x-pii: true}}\n"
      "B: {allOf: [{items: {}}], unevaluatedItems: {x-pii: true}}\n"
      "C: {contains: {}, unevaluatedItems: {x-pii: true}}");
  EXPECT_EQ(seal(schema, "A", "[0]"), "open");
  EXPECT_EQ(seal(schema, "A", "[1]"), "randomized");
  EXPECT_EQ(seal(schema, "A", "[2]"), "randomized");
  EXPECT_EQ(seal(schema, "B", "[0]"), "open");
  EXPECT_EQ(seal(schema, "C", "[0]"), "randomized");
  EXPECT_EQ(reason("A: {unevaluatedItems: 1}"), kNoSchema);
}

}  // namespace
}  // namespace nes::schema
