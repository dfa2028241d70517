#include "base/limits.h"

#include <chrono>
#include <string>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

std::string reference(const std::string& name) { return "{$ref: '#/components/schemas/" + name + "'}"; }

TEST(Limits, hold_ten_thousand_planned_properties_in_a_second) {
  std::string text = "A: {properties: {";
  for (int i = 0; i < 10'000; ++i)
    text += "property_" + std::to_string(i) + ": {type: string, x-pii: true}, ";
  const std::string document = components(text + "}}");
  const auto start = std::chrono::steady_clock::now();
  const auto schema = compiled(compile_yaml(document));
  const auto took = std::chrono::steady_clock::now() - start;
  // The sanitizers' builds are slower, but not by this much.
  EXPECT_LT(std::chrono::duration_cast<std::chrono::milliseconds>(took).count(), 5'000);
  EXPECT_EQ(schema->planned_paths(), 10'000U);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(seal(schema, "A", "property_" + std::to_string(i)), "randomized");
    EXPECT_EQ(seal(schema, "A", "propertY_" + std::to_string(i)), "open");
  }
}

TEST(Limits, hold_a_thousand_schemas_that_refer_to_each_other) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) {
    text += "S" + std::to_string(i) + ": {properties: {k" + std::to_string(i) + ": {x-pii: true}";
    text += ", a: " + reference("S" + std::to_string((i + 1) % 1'000));
    text += ", b: " + reference("S" + std::to_string((i * 7 + 3) % 1'000));
    text += ", c: " + reference("S" + std::to_string((i * 13 + 5) % 1'000));
    text += "}}\n";
  }
  const auto schema = schemas(text);
  EXPECT_EQ(seal(schema, "S0", "a/b/c/k135"), "randomized");
  EXPECT_EQ(seal(schema, "S0", "a/b/c/k136"), "open");
  EXPECT_EQ(schema->planned_paths(), 1'000'000U);
}

TEST(Limits, bound_roots) {
  std::string text;
  for (std::size_t i = 0; i < limits::kSchemaRoots; ++i) text += "S" + std::to_string(i) + ": {}\n";
  EXPECT_EQ(reason(text), "ok");
  EXPECT_EQ(reason(text + "T: {}"), "the document has too many root schemas");
}

TEST(Limits, bound_prefix_items) {
  std::string list = "[true";
  for (std::size_t i = 1; i < limits::kPrefixItems; ++i) list += ", true";
  EXPECT_EQ(reason("A: {prefixItems: " + list + "]}"), "ok");
  EXPECT_EQ(reason("A: {prefixItems: " + list + ", true]}"), "too many prefixItems");
}

TEST(Limits, stop_a_document_whose_subsets_explode) {
  // The schemas for the value below d times `a` and `b` are those i steps after a `b` for every `b` on the
  // way: 2^d sets.
  std::string text = "R: {properties: {a: " + reference("R") + ", b: {allOf: [" + reference("R") + ", " +
                     reference("S0") + "]}}}\n";
  for (int i = 0; i < 30; ++i) {
    const std::string next = reference("S" + std::to_string(i + 1));
    text += "S" + std::to_string(i) + ": {properties: {a: " + next + ", b: " + next + "}}\n";
  }
  const auto result = compile_components(text + "S30: {properties: {k: {x-pii: true}}}");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLimit);
}

TEST(Limits, stop_a_document_whose_closures_explode) {
  std::string text;
  for (int i = 0; i < 12'000; ++i) {
    const std::string next = reference("S" + std::to_string(i + 1));
    text += "S" + std::to_string(i) + ": {properties: {k: {x-pii: true}}, allOf: [" + next + "]}\n";
  }
  const auto result = compile_components(text + "S12000: {}");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLimit);
}

TEST(Limits, are_far_from_a_discriminator_with_many_heirs) {
  std::string text = "Base: {discriminator: {propertyName: k}}\n";
  for (int i = 0; i < 1'000; ++i) {
    const std::string number = std::to_string(i);
    text += "S" + number + ": {allOf: [" + reference("Base") + "], properties: {k" + number +
            ": {x-pii: true}}}\n";
  }
  const auto schema = schemas(text);
  EXPECT_EQ(seal(schema, "Base", "k999"), "randomized");
  EXPECT_EQ(schema->planned_paths(), 1'001'000U);
}

TEST(Limits, stop_discriminators_that_all_lead_to_each_other) {
  std::string text;
  for (int i = 0; i < 15'000; ++i) {
    text += "S" + std::to_string(i) + ": {discriminator: {propertyName: k}, allOf: [" +
            reference("S" + std::to_string(i + 1)) + "]}\n";
  }
  const auto result = compile_components(text + "S15000: {items: {x-pii: true}}");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLimit);
}

TEST(Limits, stop_a_union_that_explodes) {
  std::string text;
  for (int i = 0; i < 9; ++i)
    text += "S" + std::to_string(i) + ": {patternProperties: {p" + std::to_string(i) + ": {x-pii: true}}}\n";
  EXPECT_EQ(reason(text), "too many patternProperties for one value of all roots");
}

TEST(Limits, do_not_end_the_process_on_deep_chains_of_references) {
  std::string text;
  for (int i = 0; i < 15'000; ++i) {
    text += "S" + std::to_string(i) + ": " + reference("S" + std::to_string(i + 1)) + "\n";
  }
  // Each root's closure is the chain from it on, so this is over the bound on work; what counts is that it
  // ends.
  const auto result = compile_components(text + "S15000: {items: {x-pii: true}}");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::schema
