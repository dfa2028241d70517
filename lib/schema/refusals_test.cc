#include <string>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

constexpr const char* kUnreached = "an x-pii that no root schema reaches";
constexpr const char* kUnknown = "an unknown keyword could hold a schema";

std::string in_document(const std::string& text) { return refusal(compile_yaml("openapi: 3.1.0\n" + text)); }

TEST(Version, is_3_0_or_3_1) {
  for (const char* good : {"3.0.0", "3.0.3", "3.1.0", "'3.1.10'"}) {
    EXPECT_EQ(refusal(compile_yaml("openapi: " + std::string(good))), "ok") << good;
  }
  for (const char* bad :
       {"2.0", "3.1", "3.0", "3.1.", "3.2.0", "3.10.0", "4.0.0", "3.1.0-rc1", "v3.1.0", "", "[]"}) {
    EXPECT_EQ(refusal(compile_yaml("openapi: " + std::string(bad))), "1: openapi is neither 3.0.x nor 3.1.x")
        << bad;
  }
  EXPECT_EQ(refusal(compile_yaml("swagger: '2.0'")), "1: the document does not say openapi");
  EXPECT_EQ(refusal(compile_yaml("[openapi]")), "1: the document is not a mapping");
}

TEST(Dialect, is_that_of_openapi_or_of_2020_12) {
  for (const char* good :
       {"https://spec.openapis.org/oas/3.1/dialect/base", "https://json-schema.org/draft/2020-12/schema"}) {
    EXPECT_EQ(in_document("jsonSchemaDialect: " + std::string(good)), "ok");
    EXPECT_EQ(reason("A: {$schema: '" + std::string(good) + "'}"), "ok");
  }
  for (const char* bad : {"http://json-schema.org/draft-07/schema", "''", "1", "{}"}) {
    EXPECT_EQ(in_document("jsonSchemaDialect: " + std::string(bad)), "2: a dialect that is not understood");
    EXPECT_EQ(reason("A: {$schema: " + std::string(bad) + "}"), "a dialect that is not understood");
  }
}

TEST(Keywords, that_change_the_meaning_of_others_are_refused) {
  for (const char* keyword :
       {"$dynamicRef: '#a'", "$dynamicAnchor: a", "$recursiveRef: '#'", "$recursiveAnchor: true",
        "$id: 'https://example.com'", "dependencies: {a: [b]}", "additionalItems: false"}) {
    EXPECT_EQ(reason("A: {" + std::string(keyword) + "}"), "a keyword that is not supported") << keyword;
  }
}

TEST(Keywords, that_are_unknown_are_refused_if_they_could_hold_a_schema) {
  for (const char* keyword : {"foo: {}", "foo: [{}]", "foo: [[{a: b}]]", "AllOf: [{}]", "propertys: {a: {}}",
                              "optionalProperties: {a: {}}", "discriminators: {a: b}"}) {
    EXPECT_EQ(reason("A: {" + std::string(keyword) + "}"), kUnknown) << keyword;
  }
  for (const char* keyword :
       {"foo: bar", "foo: [bar, 1]", "foo: ", "foo: []", "x-foo: {a: {}}", "$comment: hi",
        "discriminator: {propertyName: a, mapping: {b: A}}", "xml: {name: a}",
        "dependentRequired: {x-pii: [a]}", "externalDocs: {url: a}", "$anchor: a"}) {
    EXPECT_EQ(reason("A: {" + std::string(keyword) + "}"), "ok") << keyword;
  }
}

TEST(Keywords, that_say_nothing_of_structure_are_refused_if_they_hold_a_schema) {
  for (const char* keyword : {"type: [string, {$ref: '#/components/schemas/A'}]", "type: {properties: {}}",
                              "required: {a: {}}", "description: {a: b}", "nullable: [[{}]]",
                              "maxItems: {$ref: '#/components/schemas/A'}", "format: [{}]"}) {
    EXPECT_EQ(reason("A: {" + std::string(keyword) + "}"), "a schema stands where none is expected")
        << keyword;
  }
  for (const char* keyword : {"type: [string, 'null']", "type: string", "required: [a]", "required: true",
                              "xml: {name: a}", "description: ", "nullable: true", "title: '#/a'"}) {
    EXPECT_EQ(reason("A: {" + std::string(keyword) + "}"), "ok") << keyword;
  }
}

TEST(Keywords, that_name_dependent_members_hold_names_alone) {
  constexpr const char* kOther = "dependentRequired has something else than lists of names";
  const auto of = [](const std::string& value) { return reason("A: {dependentRequired: " + value + "}"); };
  EXPECT_EQ(of("{a: [b], x-pii: []}"), "ok");
  for (const char* value : {"{a: {properties: {k: {x-pii: true}}}}", "{a: [b], c: {$ref: '#/a'}}", "{a: b}",
                            "{a: [{x-pii: true}]}"}) {
    EXPECT_EQ(of(value), kOther) << value;
  }
  EXPECT_EQ(of("[a]"), "dependentRequired is not a mapping");
  EXPECT_EQ(in_document("components: {headers: {H: {schema: {dependentRequired: {a: {x-pii: true}}}}}}"),
            std::string("2: ") + kUnreached);
}

TEST(Keywords, that_are_unknown_are_refused_if_they_could_refer_to_a_schema) {
  for (const char* keyword : {"$Ref: '#/components/schemas/A'", "ref: '#/components/schemas/A'", "$ref_: a",
                              "extends: '#/components/schemas/A'", "extends: [['#/components/schemas/A']]"}) {
    EXPECT_EQ(reason("A: {" + std::string(keyword) + "}"), kUnknown) << keyword;
  }
  for (const char* keyword : {"ref: A", "x-ref: '#/components/schemas/A'", "color: '#fff'"})
    EXPECT_EQ(reason("A: {" + std::string(keyword) + "}"), "ok") << keyword;
}

TEST(Keywords, of_negation_are_refused_if_they_hide_something) {
  constexpr const char* kHidden = "an x-pii or a reference stands below not, propertyNames or contentSchema";
  for (const std::string keyword : {"not", "propertyNames", "contentSchema"}) {
    EXPECT_EQ(reason("A: {" + keyword + ": {required: [a]}}"), "ok");
    EXPECT_EQ(reason("A: {" + keyword + ": {properties: {a: {const: 1}}}}"), "ok");
    EXPECT_EQ(reason("A: {" + keyword + ": {x-pii: true}}"), kHidden);
    EXPECT_EQ(reason("A: {" + keyword + ": {properties: {a: {x-pii: {context: a}}}}}"), kHidden);
    EXPECT_EQ(reason("A: {" + keyword + ": {anyOf: [{$ref: '#/components/schemas/A'}]}}"), kHidden);
    EXPECT_EQ(reason("A: {" + keyword + ": {discriminator: {mapping: {a: A}}}}"), kHidden);
  }
}

TEST(Unreached, is_an_x_pii_outside_of_schemas) {
  EXPECT_EQ(in_document("x-pii: true"), std::string("2: ") + kUnreached);
  EXPECT_EQ(in_document("info:\n  x-pii: true"), std::string("3: ") + kUnreached);
  EXPECT_EQ(in_document("info: {x-pii: false}"), "ok");
  EXPECT_EQ(in_document("info: {x-pii: maybe}"), std::string("2: ") + kUnreached);
  EXPECT_EQ(in_document("x-a: [{b: [{x-pii: {context: a}}]}]"), std::string("2: ") + kUnreached);
  EXPECT_EQ(in_document("paths: {x-pii: true}"), std::string("2: ") + kUnreached);
  EXPECT_EQ(in_document("paths: {/a: {get: {x-pii: true}}}"), std::string("2: ") + kUnreached);
  EXPECT_EQ(in_document("paths: {x-a: {get: {responses: {'200': {content: {j: {schema: {x-pii: true}}}}}}}}"),
            std::string("2: ") + kUnreached);
}

TEST(Unreached, is_an_x_pii_of_a_parameter_or_a_header) {
  const std::string expected = std::string("2: ") + kUnreached;
  EXPECT_EQ(in_document("paths: {/a: {get: {parameters: [{schema: {x-pii: true}}]}}}"), expected);
  EXPECT_EQ(
      in_document("paths: {/a: {parameters: [{content: {j: {schema: {properties: {k: {x-pii: true}}}}}}]}}"),
      expected);
  EXPECT_EQ(in_document("components: {parameters: {default: {schema: {x-pii: true}}}}"), expected);
  EXPECT_EQ(in_document("components: {headers: {H: {schema: {x-pii: true}}}}"), expected);
  EXPECT_EQ(
      in_document("paths: {/a: {get: {responses: {default: {headers: {H: {schema: {x-pii: true}}}}}}}}"),
      expected);
  EXPECT_EQ(
      in_document("paths: {/a: {get: {parameters: [{schema: {properties: {x-pii: {type: string}}}}]}}}"),
      "ok");
  EXPECT_EQ(in_document("paths: {/a: {get: {parameters: [{schema: {$ref: other.yaml}}]}}}"),
            "2: a $ref leaves the document");
}

TEST(Unreached, is_an_x_pii_in_an_extension_of_a_schema) {
  EXPECT_EQ(reason("A: {x-foo: {x-pii: true}}"), kUnreached);
  EXPECT_EQ(reason("A: {x-foo: [[{x-pii: {context: a}}]]}"), kUnreached);
  EXPECT_EQ(reason("A: {xml: {x-pii: true}}"), kUnreached);
}

TEST(Unreached, is_nothing_in_data) {
  for (const char* keyword : {"example", "examples", "default", "enum", "const"}) {
    EXPECT_EQ(reason("A: {" + std::string(keyword) + ": [{x-pii: true}]}"), "ok") << keyword;
    EXPECT_EQ(reason("A: {properties: {" + std::string(keyword) + ": {x-foo: {x-pii: true}}}}"), kUnreached);
  }
  EXPECT_EQ(in_document("components: {examples: {E: {value: {x-pii: true}}}}"), "ok");
  EXPECT_EQ(in_document("components: {responses: {R: {content: {j: {examples: {e: {value: {x-pii: 1}}}}}}}}"),
            "ok");
}

TEST(Unreached, is_nothing_that_a_reference_reaches) {
  EXPECT_EQ(
      in_document(
          "components: {schemas: {A: {$ref: '#/x-schemas/B'}}}\nx-schemas: {B: {items: {x-pii: true}}}"),
      "ok");
  EXPECT_EQ(in_document("components: {schemas: {A: {$ref: '#/x-schemas/B'}}}\nx-schemas: {B: {}, C: {items: "
                        "{x-pii: true}}}"),
            std::string("3: ") + kUnreached);
}

TEST(Misplaced, x_pii_among_names_is_refused) {
  constexpr const char* kAmongNames = "an x-pii stands among names";
  EXPECT_EQ(reason("A: {properties: {x-pii: true, k: {}}}"), kAmongNames);
  EXPECT_EQ(reason("A: {properties: {x-pii: {context: a, mode: deterministic}}}"), kAmongNames);
  EXPECT_EQ(reason("x-pii: true"), kAmongNames);
  EXPECT_EQ(reason("A: {properties: {x-pii: false}}"), "ok");
  EXPECT_EQ(reason("A: {properties: {x-pii: {}}}"), "ok");
  EXPECT_EQ(reason("A: {properties: {x-pii: {type: string, context: a}}}"), "ok");
}

TEST(Misspelled, x_pii_is_refused) {
  for (const char* key : {"X-PII", "x_pii", "xpii", "x-Pii", "X_Pii", "x-p-ii", "-x-pii"}) {
    EXPECT_EQ(reason("A: {" + std::string(key) + ": true}"), "a keyword resembles x-pii") << key;
    EXPECT_EQ(reason("A: {properties: {" + std::string(key) + ": {}}}"), "ok") << key;
  }
  for (const char* key : {"x-pi", "x-piii", "pii", "x-pii-note"}) {
    EXPECT_EQ(reason("A: {" + std::string(key) + ": true}"), "ok") << key;
  }
}

TEST(Shapes, of_openapi_objects_are_checked) {
  for (const char* text :
       {"paths: []", "paths: ", "components: a", "components: {schemas: []}", "webhooks: 1",
        "paths: {/a: []}", "paths: {/a: {get: a}}", "paths: {/a: {get: {responses: [a]}}}",
        "components: {responses: {R: {content: {j: []}}}}", "paths: {$ref: paths.yaml}"}) {
    EXPECT_EQ(in_document(text), "2: an OpenAPI object is not a mapping") << text;
  }
  EXPECT_EQ(in_document("paths: {/a: {parameters: {}}}"), "2: an OpenAPI list is not a list");
  EXPECT_EQ(in_document("components: {schemas: {A: []}}"), "2: a schema is neither a mapping nor a boolean");
  EXPECT_EQ(in_document("components: {schemas: {$ref: schemas.yaml}}"),
            "2: a schema is neither a mapping nor a boolean");
}

TEST(Shapes, of_references_between_objects_are_checked) {
  EXPECT_EQ(in_document("paths: {/a: {$ref: a.yaml}}"), "2: a $ref leaves the document");
  EXPECT_EQ(in_document("paths: {/a: {get: {requestBody: {$ref: '#/components/requestBodies/R'}}}}"),
            "2: a $ref has no target");
  EXPECT_EQ(in_document("components: {responses: {R: {$ref: '#/components/responses/R'}}}"), "ok");
}

}  // namespace
}  // namespace nes::schema
