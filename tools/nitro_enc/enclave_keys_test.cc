#include "tools/nitro_enc/enclave_keys.h"

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

constexpr std::int64_t kNow = 1'767'323'045'000;  // 2026-01-02T03:04:05Z
constexpr std::uint64_t kDay = 86'400;

TEST(EnclaveKeys, are_parsed) {
  const auto enclave = parse_enclave_keys(
      R"({"uptime_secs":7,"keys":[)"
      R"({"kid":"0a","version_id":"a","state":"sealing","opens":0,"last_open":null},)"
      R"({"kid":"0b","version_id":"b","state":"opening","opens":3,"last_open":"2026-01-02T03:04:05.000Z"}]})");
  ASSERT_TRUE(enclave.ok());
  EXPECT_EQ(enclave->uptime_secs, 7U);
  EXPECT_EQ(enclave->find("a")->kid, "0a");
  EXPECT_EQ(enclave->find("a")->last_open_unix_ms, std::nullopt);
  EXPECT_EQ(enclave->find("b")->opens, 3U);
  EXPECT_EQ(enclave->find("b")->last_open_unix_ms, kNow);
  EXPECT_EQ(enclave->find("c"), nullptr);
}

TEST(EnclaveKeys, are_refused_in_another_shape) {
  for (
      const char* text :
      {"", "[]", "{}", R"({"uptime_secs":-1,"keys":[]})", R"({"uptime_secs":"1","keys":[]})",
       R"({"uptime_secs":1,"keys":{}})", R"({"uptime_secs":1,"keys":["x"]})",
       R"({"uptime_secs":1,"keys":[{"version_id":"a","state":"s","opens":0,"last_open":null}]})",
       R"({"uptime_secs":1,"keys":[{"kid":"k","state":"s","opens":0,"last_open":null}]})",
       R"({"uptime_secs":1,"keys":[{"kid":"k","version_id":"","state":"s","opens":0,"last_open":null}]})",
       R"({"uptime_secs":1,"keys":[{"kid":"k","version_id":"a","state":"s","last_open":null}]})",
       R"({"uptime_secs":1,"keys":[{"kid":"k","version_id":"a","state":"s","opens":1,"last_open":null}]})",
       R"({"uptime_secs":1,"keys":[{"kid":"k","version_id":"a","state":"s","opens":1,"last_open":"soon"}]})"})
    EXPECT_EQ(parse_enclave_keys(text).error().code, ErrorCode::kMalformed) << text;
}

class WhyInUse : public testing::Test {
 protected:
  std::string why() const { return why_in_use(enclave_, "old", "new", kNow, kDay); }
  void opened(std::int64_t ago_ms) {
    enclave_.keys[1].opens = 1;
    enclave_.keys[1].last_open_unix_ms = kNow - ago_ms;
  }
  EnclaveKeys enclave_{kDay, {{"1", "new", "sealing"}, {"2", "old", "opening"}}};
};

TEST_F(WhyInUse, is_empty_for_a_key_that_never_opened_since_long_ago) {
  EXPECT_EQ(why(), "");
  enclave_.uptime_secs = kDay - 1;
  EXPECT_NE(why(), "");
}

TEST_F(WhyInUse, is_said_of_a_key_that_opened_lately) {
  opened(static_cast<std::int64_t>(kDay) * 1000);
  EXPECT_EQ(why(), "");
  opened(static_cast<std::int64_t>(kDay) * 1000 - 1);
  EXPECT_NE(why(), "");
  opened(0);
  EXPECT_NE(why(), "");
  opened(-1);  // by a clock that is ahead
  EXPECT_NE(why(), "");
}

TEST_F(WhyInUse, is_empty_for_a_key_that_is_not_loaded_where_the_current_one_is) {
  enclave_.keys.pop_back();
  EXPECT_EQ(why(), "");
  enclave_.uptime_secs = 0;
  EXPECT_NE(why(), "");
}

TEST_F(WhyInUse, is_said_of_an_enclave_that_may_be_anothers) {
  enclave_.keys.erase(enclave_.keys.begin());
  EXPECT_NE(why(), "");
  enclave_.keys.clear();
  EXPECT_NE(why(), "");
}

}  // namespace
}  // namespace nes::nitro_enc
