#include "tools/nitro_enc/json_writer.h"

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

TEST(JsonWriter, writes_nested_values) {
  JsonWriter json;
  json.begin_object().key("a").number(1).key("b").begin_array().string("x").null().boolean(false).end();
  json.key("c").begin_object().end().key("d").begin_array().end().end();
  EXPECT_EQ(std::move(json).finish(),
            "{\n  \"a\": 1,\n  \"b\": [\n    \"x\",\n    null,\n    false\n  ],\n  \"c\": {},\n"
            "  \"d\": []\n}\n");
}

TEST(JsonWriter, escapes_names_and_strings) {
  JsonWriter json;
  json.begin_object().key("\"").string("a\nb\xFF").end();
  EXPECT_EQ(std::move(json).finish(), "{\n  \"\\\"\": \"a\\nb\xEF\xBF\xBD\"\n}\n");
}

TEST(JsonWriter, writes_a_scalar_alone) {
  JsonWriter json;
  json.boolean(true);
  EXPECT_EQ(std::move(json).finish(), "true\n");
}

TEST(JsonWriterDeathTest, aborts_on_calls_that_make_no_value) {
  EXPECT_DEATH(JsonWriter().begin_object().number(1), "check failed");
  EXPECT_DEATH(JsonWriter().begin_array().key("a"), "check failed");
  EXPECT_DEATH(JsonWriter().number(1).number(2), "check failed");
  EXPECT_DEATH(JsonWriter().end(), "check failed");
  JsonWriter open;
  open.begin_array();
  EXPECT_DEATH((void)std::move(open).finish(), "check failed");
}

}  // namespace
}  // namespace nes::nitro_enc
