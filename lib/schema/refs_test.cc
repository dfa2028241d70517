#include <string>

#include "schema/reference.h"
#include "schema/test_support.h"

namespace nes::schema {
namespace {

TEST(Refs, follow_json_pointers) {
  const auto schema = schemas(
      "A: {properties: {b: {$ref: '#/components/schemas/B'}, c: {$ref: "
      "'#/components/schemas/B/properties/x~1y'}}}\n"
      "B: {properties: {x/y: {x-pii: true}}}");
  EXPECT_EQ(seal(schema, "A", "b/x/y"), "open");
  const auto plan = *schema->plan("/components/schemas/A");
  EXPECT_NE(plan.rule(plan.member(walk(plan, "b"), "x/y")), json::kNoRule);
  EXPECT_EQ(seal(schema, "A", "c"), "randomized");
}

TEST(Refs, undo_percent_escapes) {
  const auto schema = schemas(
      "A: {properties: {b: {$ref: '#/components/schemas/B%20%C3%A9'}}}\n"
      "B é: {properties: {k: {x-pii: true}}}");
  EXPECT_EQ(seal(schema, "A", "b/k"), "randomized");
  EXPECT_EQ(seal(schema, "B%20%c3%a9", "k"), "randomized");
}

TEST(Refs, go_through_lists) {
  const auto schema = schemas(
      "A: {properties: {b: {$ref: '#/components/schemas/B/allOf/1'}}}\n"
      "B: {allOf: [{}, {properties: {k: {x-pii: true}}}]}");
  EXPECT_EQ(seal(schema, "A", "b/k"), "randomized");
}

TEST(Refs, reach_definitions) {
  for (const std::string name : {"$defs", "definitions"}) {
    const auto schema = schemas("A: {properties: {b: {$ref: '#/components/schemas/A/" + name + "/D'}}, " +
                                name + ": {D: {properties: {k: {x-pii: true}}}}}");
    EXPECT_EQ(seal(schema, "A", "b/k"), "randomized");
    EXPECT_EQ(seal(schema, "A", "k"), "open");
  }
}

TEST(Refs, apply_together_with_what_stands_beside_them) {
  const std::string body =
      "components:\n  schemas:\n    A: {properties: {b: {$ref: '#/components/schemas/B', x-pii: {context: "
      "c}}, c: "
      "{$ref: '#/components/schemas/B', properties: {l: {x-pii: true}}}}}\n    B: {properties: {k: {x-pii: "
      "true}}}\n";
  for (const std::string version : {"3.0.3", "3.1.0"}) {
    const auto schema = compiled(compile_yaml("openapi: " + version + "\n" + body));
    EXPECT_EQ(seal(schema, "A", "b"), "randomized:c");
    EXPECT_EQ(seal(schema, "A", "c/k"), "randomized");
    EXPECT_EQ(seal(schema, "A", "c/l"), "randomized");
  }
}

TEST(Refs, may_go_round_through_structure) {
  const auto schema = schemas(
      "Tree: {properties: {name: {x-pii: true}, children: {items: {$ref: '#/components/schemas/Tree'}}}}");
  EXPECT_EQ(seal(schema, "Tree", "name"), "randomized");
  EXPECT_EQ(seal(schema, "Tree", "children/[0]/children/[7]/children/[1]/name"), "randomized");
  EXPECT_EQ(seal(schema, "Tree", "children/[0]/children/name"), "open");
  EXPECT_EQ(schema->planned_paths(), 1U);
}

TEST(Refs, may_go_round_through_applicators) {
  // A base schema that lists its variants, which extend it: common with `discriminator`.
  const auto schema = schemas(
      "Pet: {oneOf: [{$ref: '#/components/schemas/Cat'}], properties: {owner: {x-pii: true}}}\n"
      "Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {chip: {x-pii: true}}}]}");
  for (const char* root : {"Pet", "Cat"}) {
    EXPECT_EQ(seal(schema, root, "owner"), "randomized");
    EXPECT_EQ(seal(schema, root, "chip"), "randomized");
  }
}

TEST(Refs, may_not_go_round_by_themselves) {
  EXPECT_EQ(reason("A: {$ref: '#/components/schemas/A'}"), "a $ref refers to itself");
  EXPECT_EQ(reason("A: {$ref: '#/components/schemas/B'}\nB: {$ref: '#/components/schemas/A'}"),
            "a $ref refers to itself");
  EXPECT_EQ(reason("A: {$ref: '#/components/schemas/B'}\nB: {$ref: '#/components/schemas/C'}\nC: {}"), "ok");
}

TEST(Refs, are_refused_unless_they_resolve) {
  const auto of = [](const std::string& ref) { return reason("A: {properties: {k: {$ref: " + ref + "}}}"); };
  EXPECT_EQ(of("'#/components/schemas/A'"), "ok");
  EXPECT_EQ(of("'#/components/schemas/B'"), "a $ref has no target");
  EXPECT_EQ(of("'#/components/schemas/a'"), "a $ref has no target");
  EXPECT_EQ(of("'#/components/schemas/A/'"), "a $ref has no target");
  EXPECT_EQ(of("'#A'"), "a $ref is not a JSON Pointer");
  EXPECT_EQ(of("'#/components/schemas/%4'"), "a $ref has a bad percent escape");
  for (const char* ref : {"other.yaml", "'other.yaml#/A'", "'https://example.com/#/A'", "''", "' #/A'"}) {
    EXPECT_EQ(of(ref), "a $ref leaves the document") << ref;
  }
  for (const char* ref : {"1", "true", "", "{a: b}", "[a]"})
    EXPECT_EQ(of(ref), "a $ref is not a string") << ref;
  EXPECT_EQ(of("'#/openapi'"), "a schema is neither a mapping nor a boolean");
  EXPECT_EQ(of("'#'"), "an unknown keyword could hold a schema");
}

TEST(Refs, to_a_boolean_schema_say_nothing) {
  EXPECT_EQ(reason("A: {properties: {k: {$ref: '#/components/schemas/B'}}}\nB: true"), "ok");
}

TEST(Refs, decode_percent_escapes_strictly) {
  EXPECT_EQ(percent_decode("a%2Fb%2f"), "a/b/");
  EXPECT_EQ(percent_decode(""), "");
  for (const char* bad : {"%", "%2", "a%2", "%zz", "%%41", "% 41"}) {
    EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace nes::schema
