#include "devkit/aws_emulator/faults.h"

#include "devkit/aws_emulator/emulator_testing.h"

namespace nes::aws_emulator {
namespace {

class FaultsTest : public ::testing::Test {
 protected:
  void write(std::string_view rules) {
    // Another name first: a file of the same size within the clock's tick would look unchanged.
    write_file(path + ".new", rules);
    std::filesystem::rename(path + ".new", path);
  }
  // `s` where the first rule strikes, `-` where none does, for so many requests.
  std::string strikes(int requests, std::string_view service = "kms",
                      std::string_view operation = "Decrypt") {
    std::string out;
    for (int i = 0; i < requests; ++i) out += faults.strike(service, operation).value() ? 's' : '-';
    return out;
  }

  TemporaryFolder folder;
  std::string path = folder.path() + "/faults.json";
  Faults faults{path};
};

TEST_F(FaultsTest, strikes_nobody_without_a_file_or_a_rule) {
  EXPECT_EQ(strikes(2), "--");
  write("[]");
  EXPECT_EQ(strikes(2), "--");
  EXPECT_FALSE(Faults("").strike("kms", "Decrypt").value().has_value());
}

TEST_F(FaultsTest, strikes_after_skip_and_so_many_times) {
  write(R"([{"action":"throttle","service":"kms","operation":"Decrypt","skip":1,"times":2}])");
  EXPECT_EQ(strikes(5), "-ss--");
  write(R"([{"action":"throttle"}])");
  EXPECT_EQ(strikes(3), "sss");
}

TEST_F(FaultsTest, strikes_only_what_the_rule_is_for) {
  write(R"([{"action":"drop","service":"s3"},{"action":"throttle","operation":"Encrypt"}])");
  EXPECT_EQ(strikes(1), "-");
  EXPECT_EQ(strikes(1, "s3", "GetObject"), "s");
  EXPECT_EQ(faults.strike("s3", "Encrypt").value()->action, FaultAction::kDrop) << "the first rule";
  EXPECT_EQ(faults.strike("kms", "Encrypt").value()->action, FaultAction::kThrottle);
}

TEST_F(FaultsTest, reads_the_file_again_when_it_changes_and_forgets_it_when_it_goes) {
  write(R"([{"action":"throttle","times":1}])");
  EXPECT_EQ(strikes(2), "s-");
  write(R"([{"action":"throttle","times":1}])");
  EXPECT_EQ(strikes(2), "s-");
  std::filesystem::remove(path);
  EXPECT_EQ(strikes(1), "-");
}

TEST_F(FaultsTest, says_that_the_file_is_wrong_until_it_is_right) {
  write("[{}]");
  EXPECT_FALSE(faults.strike("kms", "Decrypt").ok());
  EXPECT_FALSE(faults.strike("kms", "Decrypt").ok());
  write("[]");
  EXPECT_EQ(strikes(1), "-");
}

TEST(ParseFaults, reads_every_action) {
  const auto faults = parse_faults(R"([
    {"action":"throttle"}, {"action":"error","status":503,"type":"InternalError"}, {"action":"delay","delay_ms":5},
    {"action":"drop"}, {"action":"truncate"}, {"action":"huge","bytes":99}, {"action":"plaintext"}, {"action":"other_key"},
    {"action":"skew","seconds":-600}, {"action":"expire_credentials","service":"kms","operation":"Decrypt","skip":3,"times":4}])");
  ASSERT_TRUE(faults.ok());
  ASSERT_EQ(faults->size(), 10U);
  EXPECT_EQ((*faults)[1].status, 503);
  EXPECT_EQ((*faults)[1].type, "InternalError");
  EXPECT_EQ((*faults)[2].delay_ms, 5);
  EXPECT_EQ((*faults)[5].bytes, 99U);
  EXPECT_EQ((*faults)[8].seconds, -600);
  EXPECT_EQ((*faults)[9].skip, 3U);
  EXPECT_EQ((*faults)[9].times, 4U);
}

TEST(ParseFaults, refuses_rules_that_are_none) {
  for (const char* text :
       {"", "{}", "[1]", R"([{"action":"explode"}])", R"([{"action":1}])", R"([{"service":"kms"}])",
        R"([{"action":"delay"}])", R"([{"action":"delay","delay_ms":-1}])",
        R"([{"action":"delay","delay_ms":600001}])", R"([{"action":"delay","delay_ms":1.5}])",
        R"([{"action":"throttle","delay_ms":1}])", R"([{"action":"error","status":503}])",
        R"([{"action":"error","type":"A"}])", R"([{"action":"error","status":200,"type":"A"}])",
        R"([{"action":"error","status":503,"type":"a b"}])", R"([{"action":"error","status":503,"type":""}])",
        R"([{"action":"throttle","type":"A"}])", R"([{"action":"throttle","times":0}])",
        R"([{"action":"throttle","skip":-1}])"})
    EXPECT_FALSE(parse_faults(text).ok()) << text;
  EXPECT_EQ(parse_faults(R"([{"action":"drop"},{"action":"explode"}])").error().position, 1U);
}

}  // namespace
}  // namespace nes::aws_emulator
