#include <string>
#include <vector>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

constexpr const char* kRequired = "schema_root_required";

TEST(Roots, are_component_schemas_and_the_schemas_of_bodies) {
  const auto schema = compiled(compile_yaml(R"(openapi: 3.1.0
paths:
  /a/{id}:
    post:
      requestBody: {content: {application/json: {schema: {properties: {r: {x-pii: true}}}}}}
      responses:
        default: {content: {'application/*': {schema: {properties: {s: {x-pii: true}}}}}}
      callbacks:
        done: {'{$request.body#/url}': {post: {requestBody: {content: {a/b: {schema: {}}}}}}}
webhooks:
  changed: {put: {requestBody: {content: {a/b: {schema: {}}}}}}
components:
  schemas: {default: {properties: {k: {x-pii: true}}}, x-b: {}}
  requestBodies: {R: {content: {a/b: {schema: {}}}}}
  responses: {S: {content: {a/b: {schema: true}}}}
  pathItems: {P: {trace: {responses: {'200': {content: {a~b: {schema: {}}}}}}}}
  callbacks: {C: {'x': {get: {responses: {'200': {content: {a/b: {schema: {}}}}}}}}}
)"));
  const std::vector<std::string> expected = {
      "/paths/~1a~1{id}/post/requestBody/content/application~1json/schema",
      "/paths/~1a~1{id}/post/responses/default/content/application~1*/schema",
      "/paths/~1a~1{id}/post/callbacks/done/{$request.body#~1url}/post/requestBody/content/a~1b/schema",
      "/webhooks/changed/put/requestBody/content/a~1b/schema",
      "/components/schemas/default",
      "/components/schemas/x-b",
      "/components/requestBodies/R/content/a~1b/schema",
      "/components/responses/S/content/a~1b/schema",
      "/components/pathItems/P/trace/responses/200/content/a~0b/schema",
      "/components/callbacks/C/x/get/responses/200/content/a~1b/schema",
  };
  EXPECT_EQ(schema->roots(), expected);
  for (const std::string& root : expected) EXPECT_TRUE(schema->plan(root).ok()) << root;
  EXPECT_EQ(seal(*schema->plan(expected[0]), "r"), "randomized");
  EXPECT_EQ(seal(*schema->plan(expected[1]), "s"), "randomized");
  EXPECT_EQ(seal(*schema->plan(expected[4]), "k"), "randomized");
}

TEST(Roots, are_found_through_references_between_objects) {
  const auto schema = compiled(compile_yaml(R"(openapi: 3.0.0
paths:
  /a: {post: {requestBody: {$ref: '#/components/requestBodies/R'}}}
  /b: {$ref: '#/x-items/b'}
  /c: {$ref: '#/paths/~1c'}
components: {requestBodies: {R: {content: {j: {schema: {properties: {k: {x-pii: true}}}}}}}}
x-items: {b: {get: {responses: {'200': {content: {j: {schema: {properties: {l: {x-pii: true}}}}}}}}}}
)"));
  const std::vector<std::string> expected = {"/components/requestBodies/R/content/j/schema",
                                             "/x-items/b/get/responses/200/content/j/schema"};
  EXPECT_EQ(schema->roots(), expected);
}

TEST(Roots, are_named_by_percent_encoded_pointers) {
  const auto schema =
      compiled(compile_yaml("openapi: 3.1.0\npaths: {'/a b': {get: {responses: {'200': {content: {j: "
                            "{schema: {properties: {k: {x-pii: "
                            "true}}}}}}}}}}"));
  EXPECT_TRUE(schema->plan("/paths/~1a%20b/get/responses/200/content/j/schema").ok());
  EXPECT_TRUE(schema->plan("/paths/%7E1a%20b/get/responses/200/content/j/schema").ok());
  EXPECT_TRUE(schema->plan("%2Fpaths/~1a b/get/responses/200/content/j/schema").ok());
  for (const char* bad : {"", "/", "/paths", "/paths/~1a+b/get/responses/200/content/j/schema",
                          "/paths/%2Fa%20b/get/responses/200/content/j/schema",
                          "/paths/~1a%20b/get/responses/200/content/j/schema/",
                          "/paths/~1a%20b/get/responses/200/content/j/schema/properties/k", "/paths/~1a%2",
                          "%", "#/paths/~1a%20b/get/responses/200/content/j/schema"}) {
    const auto plan = schema->plan(bad);
    ASSERT_FALSE(plan.ok()) << bad;
    EXPECT_EQ(plan.error().code, ErrorCode::kSchemaUnknown) << bad;
  }
}

TEST(Union, is_of_all_roots) {
  const auto schema = schemas(
      "A: {properties: {k: {x-pii: true}, o: {properties: {l: {x-pii: true}}}}}\n"
      "B: {properties: {m: {x-pii: true}, o: {properties: {n: {x-pii: true}}}}}\n"
      "C: {items: {properties: {k: {x-pii: true}}}}");
  for (const char* path : {"k", "m", "o/l", "o/n", "[3]/k"})
    EXPECT_EQ(seal_any(schema, path), "randomized") << path;
  for (const char* path : {"l", "o", "o/k", "[3]/m"}) EXPECT_EQ(seal_any(schema, path), "open") << path;
}

TEST(Union, of_nothing_plans_nothing) {
  const auto schema = compiled(compile_yaml("openapi: 3.1.0"));
  EXPECT_EQ(schema->plan(std::nullopt)->start(), json::kNothingPlanned);
  EXPECT_EQ(schema->planned_paths(), 0U);
  EXPECT_TRUE(schema->roots().empty());
}

TEST(Union, accepts_the_same_rule_twice) {
  EXPECT_EQ(
      seal_any(
          schemas("A: {properties: {k: {x-pii: {context: a}}}}\nB: {properties: {k: {x-pii: {context: a}}}}"),
          "k"),
      "randomized:a");
}

TEST(Union, needs_a_root_where_rules_differ) {
  for (const char* other :
       {"{context: b}", "{context: a, mode: deterministic}", "{context: a, previous_contexts: [b]}"}) {
    const auto schema = schemas("A: {properties: {k: {x-pii: {context: a}}}}\nB: {properties: {k: {x-pii: " +
                                std::string(other) + "}}}");
    EXPECT_EQ(seal_any(schema, "x"), kRequired);
    EXPECT_EQ(seal(schema, "A", "k"), "randomized:a");
  }
}

TEST(Union, needs_a_root_where_one_seals_around_another) {
  EXPECT_EQ(
      seal_any(schemas("A: {properties: {k: {x-pii: true}}}\nB: {properties: {k: {properties: {l: {x-pii: "
                       "true}}}}}"),
               "x"),
      kRequired);
  EXPECT_EQ(seal_any(schemas("A: {items: {x-pii: true}}\nB: {items: {items: {x-pii: true}}}"), "x"),
            kRequired);
  EXPECT_EQ(
      seal_any(schemas("A: {properties: {k: {x-pii: true}}}\nB: {properties: {k: {properties: {l: {}}}}}"),
               "k"),
      "randomized");
}

TEST(Union, accepts_a_rule_that_can_never_apply_beside_another) {
  const auto schema = schemas(
      "A: {properties: {k: {additionalProperties: {}, unevaluatedProperties: {x-pii: true}}}}\n"
      "B: {properties: {k: {x-pii: {context: b}}}}");
  EXPECT_EQ(seal_any(schema, "k"), "randomized:b");
  EXPECT_EQ(seal(schema, "A", "k/l"), "open");
}

TEST(Union, leaves_out_roots_that_are_sealed_as_a_whole) {
  const auto schema = schemas(
      "Email: {type: string, x-pii: {context: e}}\n"
      "Alias: {$ref: '#/components/schemas/Email'}\n"
      "A: {properties: {mail: {$ref: '#/components/schemas/Email'}}}");
  EXPECT_EQ(seal_any(schema, "mail"), "randomized:e");
  EXPECT_EQ(seal_any(schema, ""), "open");
  EXPECT_EQ(seal(schema, "Email", ""), "randomized:e");
  EXPECT_EQ(seal(schema, "Alias", "anything"), "randomized:e");
}

TEST(Union, leaves_out_branches_that_are_sealed_as_a_whole_and_no_others) {
  for (const std::string list : {"anyOf", "oneOf"}) {
    const auto schema = schemas("A: {" + list +
                                ": [{type: string, x-pii: {context: e}, properties: {l: {x-pii: true}}}, "
                                "{properties: {k: {x-pii: true}}}], properties: {m: {x-pii: true}}}");
    EXPECT_EQ(seal(schema, "A", "k"), "randomized:e") << list;
    EXPECT_EQ(seal_any(schema, ""), "open") << list;
    EXPECT_EQ(seal_any(schema, "k"), "randomized") << list;
    EXPECT_EQ(seal_any(schema, "m"), "randomized") << list;
    EXPECT_EQ(seal_any(schema, "l"), "open") << list;
  }
  for (const char* certain : {"x-pii: true", "allOf: [{x-pii: true}]", "$ref: '#/components/schemas/B'"}) {
    const auto schema = schemas("A: {" + std::string(certain) +
                                ", anyOf: [{properties: {k: {x-pii: true}}}]}\nB: {x-pii: true}");
    EXPECT_EQ(seal_any(schema, "k"), "open") << certain;
  }
}

TEST(Union, takes_any_set_of_patterns_as_possible) {
  const std::string b = "\nB: {patternProperties: {'^b': {x-pii: {context: b}}}}";
  EXPECT_EQ(seal_any(schemas("A: {patternProperties: {'^a': {x-pii: {context: b}}}}" + b), "b1"),
            "randomized:b");
  // No key begins with both, but that is not looked into.
  EXPECT_EQ(seal_any(schemas("A: {patternProperties: {'^a': {x-pii: {context: a}}}}" + b), "b1"), kRequired);
}

TEST(Union, matches_literal_keys_against_the_patterns_of_other_roots) {
  const std::string b = "\nB: {patternProperties: {'^b': {x-pii: {context: b}}}}";
  EXPECT_EQ(seal_any(schemas("A: {properties: {b1: {x-pii: {context: a}}}}" + b), "x"), kRequired);
  const auto schema = schemas("A: {properties: {a1: {x-pii: {context: a}}}}" + b);
  EXPECT_EQ(seal_any(schema, "a1"), "randomized:a");
  EXPECT_EQ(seal_any(schema, "b1"), "randomized:b");
  EXPECT_EQ(
      seal_any(schemas("A: {properties: {b1: {}}, additionalProperties: {x-pii: {context: b}}}" + b), "b1"),
      "randomized:b");
}

TEST(Union, goes_round_with_its_roots) {
  const auto schema = schemas(
      "A: {properties: {next: {$ref: '#/components/schemas/B'}, a: {x-pii: true}}}\n"
      "B: {properties: {next: {$ref: '#/components/schemas/A'}, b: {x-pii: true}}}");
  EXPECT_EQ(seal_any(schema, "next/next/next/a"), "randomized");
  EXPECT_EQ(seal_any(schema, "next/next/next/b"), "randomized");
  EXPECT_EQ(seal(schema, "A", "next/next/a"), "randomized");
  EXPECT_EQ(seal(schema, "A", "next/next/b"), "open");
}

TEST(PlannedPaths, count_each_place_of_each_root_once) {
  EXPECT_EQ(schemas("A: {properties: {k: {x-pii: true}, l: {x-pii: true}}}")->planned_paths(), 2U);
  EXPECT_EQ(
      schemas("A: {x-pii: true}\nB: {properties: {a: {$ref: '#/components/schemas/A'}}}")->planned_paths(),
      2U);
  EXPECT_EQ(schemas("A: {items: {x-pii: true}, additionalProperties: {x-pii: true}}")->planned_paths(), 2U);
}

}  // namespace
}  // namespace nes::schema
