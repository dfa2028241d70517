#include <string>

#include "base/limits.h"
#include "schema/source_tree.h"
#include "schema/test_support.h"

namespace nes::schema {
namespace {

constexpr std::string_view kAsYaml = R"(openapi: 3.0.3
paths:
  /payments/{id}:
    post:
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Payment'}
components:
  schemas:
    Payment:
      properties:
        iban: {type: string, x-pii: {mode: deterministic, context: iban, previous_contexts: ['', old]}}
        owner: {$ref: '#/components/schemas/Owner'}
        lines:
          items: {properties: {note: {x-pii: true}}}
    Owner:
      patternProperties: {'^name': {x-pii: true}}
)";

constexpr std::string_view kAsJson = R"({
  "openapi": "3.0.3",
  "paths": {"/payments/{id}": {"post": {"requestBody": {"content": {"application/json":
    {"schema": {"$ref": "#/components/schemas/Payment"}}}}}}},
  "components": {"schemas": {
    "Payment": {"properties": {
      "iban": {"type": "string",
               "x-pii": {"mode": "deterministic", "context": "iban", "previous_contexts": ["", "old"]}},
      "owner": {"$ref": "#/components/schemas/Owner"},
      "lines": {"items": {"properties": {"note": {"x-\u0070ii": true}}}}}},
    "Owner": {"patternProperties": {"^name": {"x-pii": true}}}}}
})";

TEST(Json, gives_the_same_plan_as_yaml) {
  const auto yaml = compiled(compile_yaml(kAsYaml));
  const auto json = compiled(compile_json(kAsJson));
  EXPECT_EQ(yaml->roots(), json->roots());
  EXPECT_EQ(yaml->planned_paths(), json->planned_paths());
  for (const char* path :
       {"iban", "owner", "owner/name2", "owner/x", "lines", "lines/[3]/note", "lines/[3]/x"}) {
    EXPECT_EQ(seal(yaml, "Payment", path), seal(json, "Payment", path)) << path;
    EXPECT_EQ(seal_any(yaml, path), seal_any(json, path)) << path;
  }
  EXPECT_EQ(seal(json, "Payment", "iban"), "deterministic:iban<<old");
  EXPECT_EQ(seal(json, "Payment", "owner/name2"), "randomized");
  EXPECT_EQ(seal(json, "Payment", "lines/[3]/note"), "randomized");
}

TEST(Json, is_not_read_as_yaml) {
  EXPECT_EQ(refusal(compile_json("openapi: 3.1.0")), "1: not valid JSON");
  EXPECT_EQ(refusal(compile_json("{\"openapi\": \"3.1.0\",}")), "1: not valid JSON");
  EXPECT_EQ(refusal(compile_json("{\n\"openapi\": \"3.1.0\"} x")), "2: not valid JSON");
  EXPECT_EQ(refusal(compile_json("")), "1: not valid JSON");
  EXPECT_EQ(refusal(compile_json("{\"openapi\": \"3.1.0\", \"<<\": 1}")), "ok");
}

TEST(Json, refuses_repeated_keys) {
  EXPECT_EQ(refusal(compile_json("{\"openapi\": \"3.1.0\",\n\"a\": 1,\n\"\\u0061\": 2}")),
            "3: a key is repeated");
}

TEST(Json, refuses_lone_surrogates) {
  EXPECT_EQ(refusal(compile_json("{\"openapi\": \"3.1.0\", \"a\": \"\\ud800\"}")), "1: not valid JSON");
}

TEST(Json, bounds_depth) {
  const auto nested = [](std::size_t depth) {
    return "{\"openapi\": \"3.1.0\", \"x-a\": " + std::string(depth - 1, '[') + std::string(depth - 1, ']') +
           "}";
  };
  EXPECT_EQ(refusal(compile_json(nested(limits::kSchemaDepth))), "ok");
  EXPECT_FALSE(compile_json(nested(limits::kSchemaDepth + 1)).ok());
  EXPECT_FALSE(compile_json(std::string(100'000, '[')).ok());
}

TEST(Json, bounds_values) {
  std::string text = "[0";
  for (std::size_t i = 2; i < limits::kSchemaNodes; ++i) text += ",0";
  EXPECT_TRUE(read_json(text + "]").ok());
  const auto over = read_json(text + ",0]");
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::schema
