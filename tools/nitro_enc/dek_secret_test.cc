#include "tools/nitro_enc/dek_secret.h"

#include <set>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::nitro_enc {
namespace {

TEST(EncryptionContext, is_none_or_an_object_of_strings) {
  EXPECT_TRUE(parse_encryption_context("none")->empty());
  EXPECT_EQ(*parse_encryption_context(R"({"a":"1", "b":"\u0032"})"),
            (aws::EncryptionContext{{"a", "1"}, {"b", "2"}}));
}

TEST(EncryptionContext, is_refused_as_anything_else) {
  for (const char* text : {"", "{}", "[]", "\"none\"", "None", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}",
                           "{\"a\":\"1\",\"a\":\"2\"}", "{\"a\":\"1\"} x", "{\"a\":\"1\"", "{\"a\"}"})
    EXPECT_EQ(parse_encryption_context(text).error().code, ErrorCode::kMalformed) << text;
  const std::string value(limits::kEncryptionContextBytes, 'x');
  EXPECT_EQ(parse_encryption_context("{\"a\":\"" + value + "\"}").error().code, ErrorCode::kLimit);
}

TEST(Seconds, are_read_in_every_spelling_of_a_json_number) {
  EXPECT_EQ(parse_seconds("1693410000"), 1'693'410'000'000);
  EXPECT_EQ(parse_seconds("1.693410000123E9"), 1'693'410'000'123);
  EXPECT_EQ(parse_seconds("0"), 0);
  EXPECT_EQ(parse_seconds("253402300799"), 253'402'300'799'000);
  for (const char* text : {"", "-1", "1e99", "253402300800", "nan", "inf", "true", "1x"})
    EXPECT_EQ(parse_seconds(text), std::nullopt) << text;
}

TEST(RandomUuid, is_of_version_4_and_never_the_same) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = random_uuid();
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
    for (const std::size_t at : {8U, 13U, 18U, 23U}) EXPECT_EQ(uuid[at], '-');
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

}  // namespace
}  // namespace nes::nitro_enc
