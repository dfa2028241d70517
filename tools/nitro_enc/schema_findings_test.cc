#include "tools/nitro_enc/schema_findings.h"

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

// "kind path", a line each, of component schemas in YAML.
std::string findings(const std::string& schemas, schema::Mode mode = schema::Mode::kRandomized) {
  SchemaFile file{.path = "f.yaml",
                  .text = "openapi: 3.1.0\npaths: {}\ncomponents:\n  schemas:\n" + schemas,
                  .format = schema::SourceFormat::kYaml,
                  .compiled = nullptr};
  const schema::CompileOptions options{mode};
  file.compiled = schema::Schema::compile(file.text, file.format, options).value();
  std::string lines;
  const auto found = find_mistakes(file, options);
  for (const Finding& finding : found.value())
    lines += std::string(kind_name(finding.kind)) + " " + finding.path + "\n";
  return lines;
}

std::string of_property(const std::string& property) {
  return findings("    A: {type: object, properties: {" + property + "}}\n");
}

TEST(SchemaFindings, report_names_that_look_personal_and_are_not_sealed) {
  EXPECT_EQ(of_property("email: {type: string}"), "unsealed_name /email\n");
  EXPECT_EQ(of_property("email: {}"), "unsealed_name /email\n");
  EXPECT_EQ(of_property("email: true"), "unsealed_name /email\n");
  EXPECT_EQ(of_property("card_number: {type: [integer, 'null']}"), "unsealed_name /card_number\n");
  EXPECT_EQ(of_property("amount: {type: string}"), "");
}

TEST(SchemaFindings, report_formats_that_are_personal) {
  EXPECT_EQ(of_property("contact: {type: string, format: email}"), "unsealed_format /contact\n");
  EXPECT_EQ(of_property("email: {type: string, format: email}"), "unsealed_name /email\n");
  EXPECT_EQ(of_property("id: {type: string, format: uuid}"), "");
}

TEST(SchemaFindings, leave_sealed_fields_alone) {
  EXPECT_EQ(of_property("email: {type: string, x-pii: true}"), "");
  EXPECT_EQ(of_property("email: {allOf: [{type: string}, {x-pii: true}]}"), "");
  EXPECT_EQ(of_property("contact: {x-pii: true, properties: {email: {type: string}}}"), "");
}

TEST(SchemaFindings, leave_what_cannot_be_personal_alone) {
  EXPECT_EQ(of_property("email: {type: boolean}"), "");
  EXPECT_EQ(of_property("phone: {enum: [home, work]}"), "");
  EXPECT_EQ(of_property("address: {type: object}"), "");
  EXPECT_EQ(of_property("address: {properties: {city: {type: string}}}"), "");
}

TEST(SchemaFindings, leave_what_the_author_has_looked_at_alone) {
  EXPECT_EQ(of_property("email: {type: string, x-pii: false}"), "");
}

TEST(SchemaFindings, follow_references_arrays_and_open_keys) {
  EXPECT_EQ(of_property("emails: {type: array, items: {type: string}}"), "unsealed_name /emails/[]\n");
  EXPECT_EQ(of_property("x: {additionalProperties: {properties: {iban: {type: string}}}}"),
            "unsealed_name /x/*/iban\n");
  EXPECT_EQ(of_property("x: {patternProperties: {'^a': {properties: {iban: {type: string}}}}}"),
            "unsealed_name /x/*/iban\n");
  EXPECT_EQ(of_property("x: {patternProperties: {'^a': {properties: {iban: {x-pii: true}}}}}"), "");
  EXPECT_EQ(findings("    A: {properties: {email: {$ref: '#/components/schemas/B'}}}\n"
                     "    B: {type: string}\n"),
            "unsealed_name /email\n");
  EXPECT_EQ(
      findings("    A: {properties: {email: {type: string}, child: {$ref: '#/components/schemas/A'}}}\n"),
      "unsealed_name /email\n");
}

TEST(SchemaFindings, judge_a_component_where_it_is_used) {
  EXPECT_EQ(findings("    A: {properties: {home: {x-pii: true, $ref: '#/components/schemas/B'}}}\n"
                     "    B: {properties: {street: {type: string}}}\n"),
            "");
  EXPECT_EQ(findings("    A: {properties: {home: {$ref: '#/components/schemas/B'}}}\n"
                     "    B: {properties: {street: {type: string}}}\n"),
            "unsealed_name /home/street\n");
}

TEST(SchemaFindings, judge_cycles_that_nothing_else_refers_to) {
  EXPECT_EQ(findings("    A: {properties: {b: {$ref: '#/components/schemas/B'}, email: {type: string}}}\n"
                     "    B: {properties: {a: {$ref: '#/components/schemas/A'}}}\n"),
            "unsealed_name /email\n");
}

TEST(SchemaFindings, report_deterministic_fields_of_few_values) {
  const auto sealed = [](const std::string& keywords) {
    return of_property("f: {" + keywords + ", x-pii: {mode: deterministic, context: c}}");
  };
  EXPECT_EQ(sealed("type: boolean"), "guessable /f\n");
  EXPECT_EQ(sealed("type: [boolean, 'null']"), "guessable /f\n");
  EXPECT_EQ(sealed("enum: [a, b]"), "guessable /f\n");
  EXPECT_EQ(sealed("const: a"), "guessable /f\n");
  EXPECT_EQ(sealed("type: integer, minimum: 0, maximum: 150"), "guessable /f\n");
  EXPECT_EQ(sealed("type: integer, minimum: 0, maximum: 999999"), "guessable /f\n");
  EXPECT_EQ(sealed("type: integer, minimum: 0, maximum: 1000000"), "");
  EXPECT_EQ(sealed("type: integer, minimum: 0"), "");
  EXPECT_EQ(sealed("type: number, minimum: 0, maximum: 1"), "");
  EXPECT_EQ(sealed("type: string"), "");
  EXPECT_EQ(sealed("type: [boolean, string]"), "");
}

TEST(SchemaFindings, take_the_mode_that_the_enclave_takes) {
  const std::string schemas = "    A: {properties: {f: {type: boolean, x-pii: true}}}\n";
  EXPECT_EQ(findings(schemas), "");
  EXPECT_EQ(findings(schemas, schema::Mode::kDeterministic), "guessable /f\n");
}

TEST(SchemaFindings, escape_percent_signs_in_fragments) {
  EXPECT_EQ(fragment_of("/a%b"), "/a%25b");
  EXPECT_EQ(findings("    'A%2F': {properties: {email: {type: string}}}\n"), "unsealed_name /email\n");
}

}  // namespace
}  // namespace nes::nitro_enc
