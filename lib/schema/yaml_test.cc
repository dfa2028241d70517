#include <string>

#include "base/limits.h"
#include "schema/source_tree.h"
#include "schema/test_support.h"

namespace nes::schema {
namespace {

std::string yaml_refusal(std::string_view text) {
  const auto tree = read_yaml(text);
  if (tree.ok()) return "ok";
  return std::to_string(tree.error().position) + ": " + std::string(tree.error().reason.view());
}

NodeKind kind_of(std::string_view scalar) {
  const auto tree = read_yaml("k: " + std::string(scalar));
  EXPECT_TRUE(tree.ok()) << scalar;
  return tree->kind(tree->find(tree->root(), "k"));
}

TEST(Yaml, reads_scalars_by_the_core_schema) {
  // YAML 1.2 section 10.3.2.
  for (const char* text : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
    EXPECT_EQ(kind_of(text), NodeKind::kBoolean) << text;
  }
  for (const char* text : {"yes", "no", "on", "off", "y", "n", "tRUE", "\"true\"", "'true'", "!!str true"}) {
    EXPECT_EQ(kind_of(text), NodeKind::kString) << text;
  }
  for (const char* text : {"", "~", "null", "Null", "NULL"})
    EXPECT_EQ(kind_of(text), NodeKind::kNull) << text;
  for (const char* text :
       {"0", "-1", "+12", "0o17", "0xFf", "1.", ".5", "1.5", "1e3", "-1.5E-3", ".inf", "-.INF", ".nan"}) {
    EXPECT_EQ(kind_of(text), NodeKind::kNumber) << text;
  }
  for (const char* text : {"3.1.0", "0o8", "0x", "1e", ".", "+", "e3", "1_000", "2020-01-01", "nULL"}) {
    EXPECT_EQ(kind_of(text), NodeKind::kString) << text;
  }
}

TEST(Yaml, knows_the_line_of_every_value) {
  const auto tree = read_yaml("a: 1\nb:\n  - x\n  - {c: 2}\n");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->line(tree->resolve("/a")), 1U);
  EXPECT_EQ(tree->line(tree->resolve("/b/1/c")), 4U);
}

TEST(Yaml, resolves_pointers_by_rfc_6901) {
  const auto tree = read_yaml("{a/b: {m~n: [x, y]}, '': z}");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->resolve(""), tree->root());
  EXPECT_EQ(tree->text(tree->resolve("/a~1b/m~0n/1")), "y");
  EXPECT_EQ(tree->text(tree->resolve("/")), "z");
  for (const char* pointer : {"a~1b", "/a", "/a/b", "/a~1b/m~n", "/a~1b/m~2n", "/a~1b/m~0n/2",
                              "/a~1b/m~0n/01", "/a~1b/m~0n/-", "/a~1b/m~0n/", "/a~1b/m~0n/1/0", "/~"}) {
    EXPECT_EQ(tree->resolve(pointer), kNoNode) << pointer;
  }
}

TEST(Yaml, expands_aliases) {
  const auto schema = compiled(compile_components("A: {properties: {k: &pii {x-pii: true}, l: *pii}}"));
  EXPECT_EQ(seal(schema, "A", "k"), "randomized");
  EXPECT_EQ(seal(schema, "A", "l"), "randomized");
  EXPECT_EQ(seal(schema, "A", "m"), "open");
}

TEST(Yaml, takes_the_anchor_that_stands_last_before_the_alias) {
  const auto tree = read_yaml("[&a 1, &a 2, *a]");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->text(tree->resolve("/2")), "2");
}

TEST(Yaml, refuses_aliases_that_have_no_end_or_no_anchor) {
  EXPECT_EQ(yaml_refusal("a: &a\n  b: *a"), "2: a YAML alias stands inside its own anchor");
  EXPECT_EQ(yaml_refusal("a: *b"), "1: a YAML alias without its anchor");
  EXPECT_EQ(yaml_refusal("a: 1\n? *b\n: 2"), "2: a YAML key is an alias");
}

TEST(Yaml, refuses_an_alias_bomb) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string name = "a" + std::to_string(i);
    bomb += name + ": &" + name + " [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + ", ";
    bomb += "]\n";
  }
  EXPECT_EQ(yaml_refusal(bomb), "7: the document has too many values");
}

TEST(Yaml, bounds_the_number_of_aliases) {
  std::string text = "[&a x";
  for (std::size_t i = 0; i < limits::kSchemaAliases; ++i) text += ", *a";
  EXPECT_EQ(yaml_refusal(text + "]"), "ok");
  EXPECT_EQ(yaml_refusal(text + ", *a]"), "1: too many YAML aliases");
}

TEST(Yaml, refuses_what_reads_differently_elsewhere) {
  EXPECT_EQ(yaml_refusal("a: 1\nb: 2\na: 3"), "3: a key is repeated");
  EXPECT_EQ(yaml_refusal("200: x\n\"200\": y"), "2: a key is repeated");
  EXPECT_EQ(yaml_refusal("a: &a {b: 1}\nc:\n  <<: *a"), "3: YAML merge keys are not understood");
  EXPECT_EQ(yaml_refusal("'<<': x"), "ok");
  EXPECT_EQ(yaml_refusal("a: 1\n---\nb: 2"), "2: more than one YAML document");
  EXPECT_EQ(yaml_refusal("---\na: 1\n...\n"), "ok");
  EXPECT_EQ(yaml_refusal(""), "1: the document is empty");
  EXPECT_EQ(yaml_refusal("[a]: 1"), "1: a YAML key is not a scalar");
  EXPECT_EQ(yaml_refusal("&k a: 1"), "1: a YAML key has an anchor");
  EXPECT_EQ(yaml_refusal("a: !!bool true"), "1: a YAML tag is not understood");
  EXPECT_EQ(yaml_refusal("a: !x {b: 1}"), "1: a YAML tag is not understood");
  EXPECT_EQ(yaml_refusal("a: !!map {b: !!seq [!!str 1]}"), "ok");
  EXPECT_EQ(yaml_refusal("a: !!seq {b: 1}"), "1: a YAML tag is not understood");
}

TEST(Yaml, refuses_text_that_is_not_yaml) {
  EXPECT_EQ(yaml_refusal("a: [1\nb: 2"), "2: not valid YAML");
  EXPECT_EQ(yaml_refusal("a: \xFF"), "1: not valid YAML");
  EXPECT_EQ(yaml_refusal(std::string("a: \0", 4)), "1: not valid YAML");
  EXPECT_NE(yaml_refusal(std::string_view("\xFF\xFE"
                                          "a\0:\0 \0b\0",
                                          10)),
            "ok");  // UTF-16
  EXPECT_EQ(yaml_refusal("\xEF\xBB\xBF"
                         "a: b"),
            "ok");  // UTF-8 with its mark
}

TEST(Yaml, bounds_depth) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(yaml_refusal(nested(limits::kSchemaDepth)), "ok");
  EXPECT_EQ(yaml_refusal(nested(limits::kSchemaDepth + 1)), "1: the document is nested too deeply");
  std::string mappings;
  std::string blocks;
  for (int i = 0; i < 100'000; ++i) {
    mappings += "{a: ";
    blocks += "- ";
  }
  EXPECT_EQ(yaml_refusal(std::string(100'000, '[')), "1: the document is nested too deeply");
  EXPECT_EQ(yaml_refusal(mappings), "1: the document is nested too deeply");
  EXPECT_EQ(yaml_refusal(blocks), "1: the document is nested too deeply");
}

TEST(Yaml, counts_depth_through_aliases) {
  const std::string half(limits::kSchemaDepth / 2, '[');
  const std::string ends(limits::kSchemaDepth / 2, ']');
  EXPECT_EQ(yaml_refusal("[&a " + half + ends + ",[[ *a ]]]"), "ok");
  EXPECT_EQ(yaml_refusal("[&a " + half + ends + "," + half + " *a " + ends + "]"),
            "1: the document is nested too deeply");
}

TEST(Yaml, bounds_bytes) {
  const std::string text = "a: '" + std::string(limits::kSchemaBytes - 5, 'x') + "'";
  EXPECT_EQ(yaml_refusal(text), "ok");
  EXPECT_EQ(yaml_refusal(text + " "), "1: the document is too large");
}

}  // namespace
}  // namespace nes::schema
