#include "tools/nitro_enc/planned_paths.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::nitro_enc {
namespace {

std::shared_ptr<const schema::Schema> compile(const std::string& schemas) {
  const std::string text = "openapi: 3.1.0\npaths: {}\ncomponents:\n  schemas:\n" + schemas;
  return schema::Schema::compile(text, schema::SourceFormat::kYaml, {}).value();
}

// "path mode context" or "path ~ repeats", a line each.
std::string listed(const schema::Schema& compiled, std::string_view root) {
  std::string lines;
  for (const PlannedPath& path : list_paths(compiled.plan(root).value()).paths) {
    lines += path.path + (path.repeats ? " ~ " + *path.repeats : " " + path.rule.context) + "\n";
  }
  return lines;
}

TEST(PlannedPaths, spell_keys_elements_and_open_keys) {
  const auto compiled = compile(
      "    A:\n"
      "      properties:\n"
      "        a/b~c: {x-pii: {context: one}}\n"
      "        list: {prefixItems: [{x-pii: true}], items: {properties: {x: {x-pii: true}}}}\n"
      "        open: {additionalProperties: {x-pii: {context: two}}}\n");
  EXPECT_EQ(listed(*compiled, "/components/schemas/A"),
            "/a~1b~0c one\n/list/[0] \n/list/[]/x \n/open/* two\n");
}

TEST(PlannedPaths, list_a_shared_schema_wherever_it_stands) {
  const auto compiled = compile(
      "    A: {properties: {x: {$ref: '#/components/schemas/B'}, y: {$ref: '#/components/schemas/B'}}}\n"
      "    B: {properties: {z: {x-pii: true}}}\n");
  EXPECT_EQ(listed(*compiled, "/components/schemas/A"), "/x/z \n/y/z \n");
}

TEST(PlannedPaths, cut_cycles_and_say_what_they_repeat) {
  const auto compiled = compile(
      "    A:\n"
      "      properties:\n"
      "        name: {x-pii: true}\n"
      "        child: {$ref: '#/components/schemas/A'}\n"
      "        list: {items: {$ref: '#/components/schemas/A'}}\n");
  EXPECT_EQ(listed(*compiled, "/components/schemas/A"), "/child ~ \n/list/[] ~ \n/name \n");
}

TEST(PlannedPaths, have_the_document_itself_as_the_empty_path) {
  const auto compiled = compile("    A: {x-pii: {context: c}}\n    B: {type: object}\n");
  EXPECT_EQ(listed(*compiled, "/components/schemas/A"), " c\n");
  EXPECT_EQ(listed(*compiled, "/components/schemas/B"), "");
}

TEST(PlannedPaths, are_cut_where_there_are_too_many) {
  // 15 steps with two ways each.
  std::string schemas;
  for (int i = 0; i < 15; ++i) {
    const std::string next = "{$ref: '#/components/schemas/S" + std::to_string(i + 1) + "'}";
    schemas += "    S" + std::to_string(i) + ": {properties: {a: " + next + ", b: " + next + "}}\n";
  }
  const auto compiled = compile(schemas + "    S15: {properties: {z: {x-pii: true}}}\n");
  const PathList all = list_paths(compiled->plan("/components/schemas/S0").value());
  EXPECT_FALSE(all.complete);
  EXPECT_EQ(all.paths.size(), limits::kListedPaths);
  EXPECT_TRUE(list_paths(compiled->plan("/components/schemas/S5").value()).complete);
}

}  // namespace
}  // namespace nes::nitro_enc
