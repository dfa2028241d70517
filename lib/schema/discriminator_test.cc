#include <string>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

constexpr const char* kConflict = "different x-pii for one value";
constexpr const char* kLeadsNowhere = "the mapping of a discriminator leads to no schema of the document";
constexpr const char* kNotUnderstood = "a discriminator has a member that is not understood";

// A document that holds a Pet, and what Pet's discriminator says.
std::string pet(const std::string& discriminator, const std::string& others) {
  return "Visit: {properties: {pet: {$ref: '#/components/schemas/Pet'}}}\n"
         "Pet: {properties: {kind: {type: string}}, discriminator: " +
         discriminator + "}\n" + others;
}

// A component `name` that takes in `base` and seals `key`.
std::string heir(const std::string& name, const std::string& base, const std::string& key) {
  return name + ": {allOf: [{$ref: '#/components/schemas/" + base + "'}, {properties: {" + key +
         ": {x-pii: true}}}]}\n";
}

TEST(Discriminator, seals_what_the_mapping_leads_to) {
  for (const char* target : {"'#/components/schemas/Dog'", "Dog", "'#/components/schemas/D%6Fg'"}) {
    const auto schema = schemas(pet("{propertyName: kind, mapping: {dog: " + std::string(target) + "}}",
                                    "Dog: {properties: {ssn: {x-pii: true}}}"));
    EXPECT_EQ(seal(schema, "Visit", "pet/ssn"), "randomized") << target;
    EXPECT_EQ(seal(schema, "Visit", "pet/kind"), "open") << target;
    EXPECT_EQ(seal(schema, "Pet", "ssn"), "randomized") << target;
    EXPECT_EQ(seal_any(schema, "pet/ssn"), "randomized") << target;
  }
}

TEST(Discriminator, seals_what_heirs_add_with_or_without_a_mapping) {
  for (const char* discriminator :
       {"{propertyName: kind}", "{propertyName: kind, mapping: {dog: '#/components/schemas/Dog'}}",
        "{propertyName: kind, mapping: {dog: Dog}}", "{propertyName: kind, mapping: {}}"}) {
    const auto schema = schemas(pet(discriminator, heir("Dog", "Pet", "ssn") + heir("Cat", "Pet", "chip")));
    for (const char* key : {"ssn", "chip"}) {
      EXPECT_EQ(seal(schema, "Visit", "pet/" + std::string(key)), "randomized") << discriminator;
      EXPECT_EQ(seal(schema, "Pet", key), "randomized") << discriminator;
    }
    EXPECT_EQ(seal(schema, "Dog", "ssn"), "randomized") << discriminator;
    EXPECT_EQ(seal(schema, "Visit", "pet/kind"), "open") << discriminator;
  }
}

TEST(Discriminator, leaves_heirs_alone_where_there_is_none) {
  const auto schema = schemas("Pet: {properties: {kind: {}}}\n" + heir("Dog", "Pet", "ssn"));
  EXPECT_EQ(seal(schema, "Pet", "ssn"), "open");
  EXPECT_EQ(seal(schema, "Dog", "ssn"), "randomized");
}

TEST(Discriminator, finds_heirs_at_every_distance) {
  const auto schema = schemas(
      pet("{propertyName: kind}", heir("Dog", "Pet", "a") + heir("Poodle", "Dog", "b") +
                                      "Inner: {allOf: [{allOf: [{$ref: '#/components/schemas/Poodle'}], "
                                      "properties: {c: {x-pii: true}}}]}\n"
                                      "Beside: {$ref: '#/components/schemas/Pet', properties: {d: {x-pii: "
                                      "true}}}"));
  for (const char* key : {"a", "b", "c", "d"})
    EXPECT_EQ(seal(schema, "Visit", "pet/" + std::string(key)), "randomized") << key;
  EXPECT_EQ(seal(schema, "Dog", "b"), "randomized") << "a Dog may be a Poodle";
}

TEST(Discriminator, finds_heirs_and_bases_that_are_kept_elsewhere) {
  const auto schema = compiled(compile_yaml(components("Dog: {$ref: '#/x-schemas/Dog'}\n"
                                                       "Visit: {items: {$ref: '#/x-schemas/Pet'}}") +
                                            "x-schemas:\n"
                                            "  Pet: {discriminator: {propertyName: kind}}\n"
                                            "  Dog: {allOf: [{$ref: '#/x-schemas/Pet'}], properties: {ssn: "
                                            "{x-pii: true}}}\n"));
  EXPECT_EQ(seal(schema, "Visit", "[0]/ssn"), "randomized");
}

TEST(Discriminator, has_components_for_heirs_and_no_others) {
  const std::string owner =
      "Owner: {properties: {first: {$ref: '#/components/schemas/Pet', properties: {ssn: {x-pii: true}}}}}\n";
  const std::string base = pet("{propertyName: kind}", owner);
  EXPECT_EQ(seal(schemas(base), "Visit", "pet/ssn"), "open");
  EXPECT_EQ(seal(schemas(base), "Owner", "first/ssn"), "randomized");
  EXPECT_EQ(seal(schemas(base + "Dog: {allOf: [{$ref: '#/components/schemas/Owner/properties/first'}]}"),
                 "Visit", "pet/ssn"),
            "randomized");
  EXPECT_EQ(seal(schemas(base + "Any: {anyOf: [{$ref: '#/components/schemas/Pet'}], properties: {chip: "
                                "{x-pii: true}}}"),
                 "Visit", "pet/chip"),
            "open");
  const auto inline_heir = compiled(
      compile_yaml(components(base) +
                   "paths: {/a: {post: {requestBody: {content: {application/json: {schema: {allOf: [{$ref: "
                   "'#/components/schemas/Pet'}, {properties: {chip: {x-pii: true}}}]}}}}}}}\n"));
  EXPECT_EQ(seal(inline_heir, "Visit", "pet/chip"), "open");
}

TEST(Discriminator, changes_nothing_beside_branches_that_have_all) {
  const std::string heirs =
      "Cat: {properties: {id: {x-pii: {context: cat}}}}\nDog: {properties: {ssn: {x-pii: true}}}\n";
  for (const std::string list : {"oneOf", "anyOf"}) {
    const std::string branches =
        list + ": [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]";
    const auto without = schemas("Pet: {" + branches + "}\n" + heirs);
    for (const char* discriminator :
         {"{propertyName: kind}", "{propertyName: kind, mapping: {c: Cat, d: '#/components/schemas/Dog'}}"}) {
      const auto with = schemas("Pet: {" + branches + ", discriminator: " + discriminator + "}\n" + heirs);
      EXPECT_EQ(with->planned_paths(), without->planned_paths()) << discriminator;
      EXPECT_TRUE(with->still_seals(*without).ok() && without->still_seals(*with).ok()) << discriminator;
      EXPECT_EQ(seal_any(with, "id"), "randomized:cat") << discriminator;
    }
  }
}

TEST(Discriminator, may_go_round) {
  const auto schema = schemas(
      "Pet: {discriminator: {propertyName: kind, mapping: {pet: Pet, dog: Dog}}, properties: {next: {$ref: "
      "'#/components/schemas/Dog'}}}\n"
      "Dog: {allOf: [{$ref: '#/components/schemas/Pet'}], discriminator: {propertyName: kind, mapping: {pet: "
      "Pet, cat: Cat}}, properties: {a: {x-pii: true}}}\n"
      "Cat: {allOf: [{$ref: '#/components/schemas/Cat'}], discriminator: {propertyName: kind}, properties: "
      "{b: {x-pii: true}}}");
  for (const char* path : {"a", "b", "next/a", "next/next/b"}) {
    EXPECT_EQ(seal(schema, "Pet", path), "randomized") << path;
    EXPECT_EQ(seal(schema, "Dog", path), "randomized") << path;
  }
  EXPECT_EQ(seal(schema, "Cat", "a"), "open");
}

TEST(Discriminator, seals_a_value_that_may_be_sealed_as_a_whole) {
  const auto schema =
      schemas(pet("{propertyName: kind}", "Dog: {allOf: [{$ref: '#/components/schemas/Pet'}], x-pii: true}"));
  EXPECT_EQ(seal(schema, "Visit", "pet"), "randomized");
}

TEST(Discriminator, leaves_the_fields_beside_a_schema_that_is_sealed_as_a_whole_in_the_union) {
  const auto schema = schemas(
      "Pet: {discriminator: {propertyName: kind}, properties: {owner: {x-pii: true}}}\n"
      "Dog: {allOf: [{$ref: '#/components/schemas/Pet'}], x-pii: true}\n" +
      heir("Cat", "Pet", "chip"));
  EXPECT_EQ(seal_any(schema, "owner"), "randomized");
  EXPECT_EQ(seal_any(schema, "chip"), "randomized");
}

TEST(Discriminator, does_not_evaluate_what_a_schema_may_be) {
  const auto schema = schemas(
      "Pet: {discriminator: {propertyName: kind}, unevaluatedProperties: {x-pii: true}}\n"
      "Dog: {allOf: [{$ref: '#/components/schemas/Pet'}], properties: {a: {}}}");
  EXPECT_EQ(seal(schema, "Pet", "a"), "randomized");
}

TEST(Discriminator, refuses_what_its_schemas_disagree_about) {
  const std::string dog = "Dog: {allOf: [{$ref: '#/components/schemas/Pet'}], properties: {id: ";
  const std::string cat = "Cat: {allOf: [{$ref: '#/components/schemas/Pet'}], properties: {id: ";
  const auto both = [&](const std::string& a, const std::string& b) {
    return reason(pet("{propertyName: kind}", dog + a + "}}\n" + cat + b + "}}"));
  };
  EXPECT_EQ(both("{x-pii: {context: dog}}", "{x-pii: {context: cat}}"), kConflict);
  EXPECT_EQ(both("{x-pii: {context: dog}}", "{x-pii: {context: dog}}"), "ok");
  EXPECT_EQ(both("{x-pii: {context: dog}}", "{type: string}"), "ok");
}

TEST(Discriminator, is_refused_unless_its_mapping_resolves) {
  const auto of = [](const std::string& target) {
    return reason("Pet: {discriminator: {propertyName: kind, mapping: {dog: " + target + "}}}\nDog: {}");
  };
  EXPECT_EQ(of("Dog"), "ok");
  EXPECT_EQ(of("'#/components/schemas/Dog'"), "ok");
  for (const char* target :
       {"dog", "Cat", "''", "Dog/", "dog.yaml", "./Dog", "'https://example.com/#/Dog'", "'#Dog'",
        "'#/components/schemas/Cat'", "'#/components/schemas/%4'", "'dog.yaml#/Dog'", "1", "true", "",
        "[Dog]", "{$ref: '#/components/schemas/Dog'}"}) {
    EXPECT_EQ(of(target), kLeadsNowhere) << target;
  }
  EXPECT_EQ(of("'#/openapi'"), "a schema is neither a mapping nor a boolean");
  EXPECT_EQ(
      refusal(compile_components("Pet:\n  discriminator:\n    mapping:\n      dog: Dog\n      cat: Cat\n"
                                 "Dog: {}")),
      std::string("8: ") + kLeadsNowhere);
}

TEST(Discriminator, names_components_whatever_they_are_called) {
  const auto schema = schemas(
      "Pet: {discriminator: {propertyName: kind, mapping: {a: a/b~1, c: c.json}}}\n"
      "a/b~1: {properties: {k: {x-pii: true}}}\n"
      "c.json: {properties: {l: {x-pii: true}}}");
  EXPECT_EQ(seal(schema, "Pet", "k"), "randomized");
  EXPECT_EQ(seal(schema, "Pet", "l"), "randomized");
}

TEST(Discriminator, is_refused_in_another_shape) {
  const auto of = [](const std::string& value) { return reason("Pet: {discriminator: " + value + "}"); };
  EXPECT_EQ(of("{propertyName: kind, x-note: {a: b}}"), "ok");
  for (const char* value : {"kind", "", "[]", "true"})
    EXPECT_EQ(of(value), "a discriminator is not a mapping") << value;
  for (const char* value : {"{propertyName: {}}", "{propertyName: }", "{mapping: []}", "{mapping: }",
                            "{mapping: Pet}", "{propertyName: kind, defaultMapping: Pet}", "{Mapping: {}}"}) {
    EXPECT_EQ(of(value), kNotUnderstood) << value;
  }
  EXPECT_EQ(of("{x-note: {x-pii: true}}"), "an x-pii that no root schema reaches");
}

}  // namespace
}  // namespace nes::schema
