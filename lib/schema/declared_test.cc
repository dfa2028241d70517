#include "schema/declared.h"

#include <gtest/gtest.h>

#include "json/locate.h"
#include "schema/test_support.h"

namespace nes::schema {
namespace {

// The path of the first value under an undeclared key; "" if all keys are declared.
std::string undeclared(const SchemaPtr& schema, std::string_view document,
                       std::optional<std::string_view> fragment = "/components/schemas/A") {
  const auto plan = schema->undeclared(fragment);
  EXPECT_TRUE(plan.ok());
  std::vector<json::Located> located;
  EXPECT_TRUE(json::locate(document, json::Shape::kDocument, *plan, plan->start(), located).ok()) << document;
  if (located.empty()) return "";
  return json::path_of(document, json::Shape::kDocument, *plan, plan->start(), located.front().begin);
}

SchemaPtr compiled(std::string_view schemas) {
  auto schema = compile_components(schemas);
  EXPECT_TRUE(schema.ok());
  return std::move(schema).value();
}

TEST(Declared, keys_are_those_of_properties_and_no_others) {
  const auto schema = compiled(R"(A: {properties: {pan: {x-pii: true}, o: {properties: {n: {}}}}})");
  EXPECT_EQ(undeclared(schema, R"({"pan":1,"o":{"n":1}})"), "");
  EXPECT_EQ(undeclared(schema, R"({"\u0070an":1})"), "");
  EXPECT_EQ(undeclared(schema, R"({"pan":1,"pam":null})"), "/*");
  EXPECT_EQ(undeclared(schema, R"({"o":{"m":1}})"), "/o/*");
  EXPECT_EQ(undeclared(schema, R"({"o":{"n":{"x":1}}})"), "/o/n/*") << "a silent schema declares nothing";
  EXPECT_EQ(undeclared(schema, R"([{"pan":1}])"), "/0/*") << "where no element is spoken of";
  for (const std::string_view scalar : {"1", "\"pam\"", "null", "[]", "{}", "[1,[2]]"})
    EXPECT_EQ(undeclared(schema, scalar), "") << scalar;
}

TEST(Declared, nothing_is_undeclared_within_a_sealed_value) {
  const auto schema =
      compiled("A: {properties: {pan: {x-pii: true, properties: {n: {}}}}}\nB: {x-pii: true}");
  EXPECT_EQ(undeclared(schema, R"({"pan":{"whatever":[{"x":1}]}})"), "");
  EXPECT_EQ(undeclared(schema, R"({"whatever":1})", "/components/schemas/B"), "");
}

TEST(Declared, open_keys_are_declared_by_a_schema_but_not_by_false) {
  const auto schema = compiled(R"(A: {properties: {
  t: {additionalProperties: true}, f: {additionalProperties: false, properties: {k: {}}},
  s: {additionalProperties: {properties: {k: {x-pii: true}}}}, u: {unevaluatedProperties: {}},
  n: {unevaluatedProperties: false}, p: {patternProperties: {"^x-": {}}, properties: {k: {}}}}})");
  EXPECT_EQ(undeclared(schema, R"({"t":{"a":1},"f":{"k":1},"s":{"a":{"k":1}},"u":{"a":1}})"), "");
  EXPECT_EQ(undeclared(schema, R"({"f":{"a":1}})"), "/f/*");
  EXPECT_EQ(undeclared(schema, R"({"s":{"a":{"a":1}}})"), "/s/*/*");
  EXPECT_EQ(undeclared(schema, R"({"n":{"a":1}})"), "/n/*");
  EXPECT_EQ(undeclared(schema, R"({"p":{"k":1,"x-a":1}})"), "");
  EXPECT_EQ(undeclared(schema, R"({"p":{"x":1}})"), "/p/*");
}

TEST(Declared, every_applicator_declares) {
  const auto schema = compiled(R"(A: {allOf: [{properties: {a: {}}}], anyOf: [{properties: {b: {}}}],
  oneOf: [{$ref: "#/components/schemas/B"}], if: {properties: {c: {}}}, properties: {self: {x-pii: false}}}
B: {properties: {d: {$ref: "#/components/schemas/A"}, pan: {x-pii: true}}})");
  EXPECT_EQ(undeclared(schema, R"({"a":1,"b":1,"c":1,"d":{"d":{"a":1,"pan":1}},"self":1})"), "");
  EXPECT_EQ(undeclared(schema, R"({"d":{"d":{"e":1}}})"), "/d/d/*");
}

TEST(Declared, a_discriminator_declares_what_its_schemas_do) {
  const auto schema =
      compiled(R"(A: {discriminator: {propertyName: kind, mapping: {b: B}}, properties: {kind: {}}}
B: {properties: {b: {}, pan: {x-pii: true}}}
C: {allOf: [{$ref: "#/components/schemas/A"}], properties: {c: {}}})");
  EXPECT_EQ(undeclared(schema, R"({"kind":"b","b":1,"c":1})"), "");
  EXPECT_EQ(undeclared(schema, R"({"d":1})"), "/*");
}

TEST(Declared, without_a_fragment_branches_that_are_sealed_as_a_whole_declare_nothing) {
  const auto schema = compiled(R"(A: {anyOf: [{x-pii: true, properties: {b: {}}}, {properties: {a: {}}}]}
B: {x-pii: true, properties: {c: {}}})");
  EXPECT_EQ(undeclared(schema, R"({"a":1})", std::nullopt), "");
  EXPECT_EQ(undeclared(schema, R"({"b":1})", std::nullopt), "/*");
  EXPECT_EQ(undeclared(schema, R"({"c":1})", std::nullopt), "/*");
  EXPECT_EQ(undeclared(schema, R"({"b":1})"), "");
}

TEST(Declared, elements_take_their_prefix_or_items) {
  const auto schema = compiled(R"(A: {properties: {pan: {x-pii: true}, l: {
  prefixItems: [{properties: {a: {}}}], items: {properties: {b: {}}}}}})");
  EXPECT_EQ(undeclared(schema, R"({"l":[{"a":1},{"b":1},{"b":1}]})"), "");
  EXPECT_EQ(undeclared(schema, R"({"l":[{"b":1}]})"), "/l/0/*");
  EXPECT_EQ(undeclared(schema, R"({"l":[{},{},{"a":1}]})"), "/l/2/*");
}

TEST(Declared, without_a_fragment_any_root_declares) {
  const auto schema = compiled(R"(A: {properties: {a: {x-pii: true}}}
B: {properties: {b: {}}}
C: {x-pii: true, properties: {c: {}}})");
  EXPECT_EQ(undeclared(schema, R"({"a":1,"b":1})", std::nullopt), "");
  EXPECT_EQ(undeclared(schema, R"({"b":1})"), "/*");
  EXPECT_EQ(undeclared(schema, R"({"c":1})", std::nullopt), "/*");
  EXPECT_EQ(schema->undeclared("/nothing").error().code, ErrorCode::kSchemaUnknown);
  const auto ambiguous = compiled(
      "A: {properties: {a: {x-pii: true}}}\nB: {properties: {a: {x-pii: "
      "{mode: deterministic, context: c}}}}");
  EXPECT_EQ(ambiguous->undeclared(std::nullopt).error().code, ErrorCode::kSchemaRootRequired);
}

TEST(Declared, too_many_patterns_are_told_when_asked_and_refuse_no_schema) {
  std::string patterns;
  for (int i = 0; i < 9; ++i) patterns += "\"^p" + std::to_string(i) + "\": {}, ";
  const auto schema =
      compiled("A: {properties: {a: {x-pii: true}, o: {patternProperties: {" + patterns + "}}}}");
  EXPECT_TRUE(schema->plan(std::nullopt).ok());
  EXPECT_EQ(schema->undeclared(std::nullopt).error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::schema
