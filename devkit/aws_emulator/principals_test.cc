#include "devkit/aws_emulator/principals.h"

#include <sys/stat.h>

#include "devkit/aws_emulator/emulator_testing.h"

namespace nes::aws_emulator {
namespace {

class PrincipalsTest : public ::testing::Test {
 protected:
  Principals open(Principals::Options options = kPrincipalOptions) {
    return Principals::open(store, clock, std::move(options)).value();
  }
  TemporaryFolder folder;
  Store store = Store::open(folder.path()).value();
  StandingClock clock;
};

TEST_F(PrincipalsTest, makes_an_administrator_and_writes_its_key_as_sdks_read_it) {
  const Principals principals = open({.account = "111122223333", .role_name = "node"});
  const Principal& administrator = principals.administrator();
  const std::string& id = administrator.credentials.access_key_id;
  EXPECT_EQ(id.substr(0, 4), "AKIA");
  EXPECT_EQ(id.size(), 20U);
  EXPECT_EQ(administrator.credentials.secret_access_key.size(), 40U);
  EXPECT_EQ(administrator.caller.arn, "arn:aws:iam::111122223333:user/administrator");
  EXPECT_EQ(principals.find(id), &administrator);
  EXPECT_EQ(content_of(folder.path() + "/admin-credentials"),
            "[default]\naws_access_key_id = " + id + "\naws_secret_access_key = " +
                std::string(as_text(administrator.credentials.secret_access_key.reveal())) + "\n");
  struct stat status {};
  ASSERT_EQ(::stat((folder.path() + "/admin-credentials").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(PrincipalsTest, takes_the_key_that_it_is_given_in_place_of_the_stored_one) {
  const std::string made =
      open({.account = "111122223333", .role_name = "node"}).administrator().credentials.access_key_id;
  const Principals principals = open();
  EXPECT_EQ(principals.administrator().credentials.access_key_id, "AKIATEST");
  EXPECT_EQ(principals.find(made), nullptr);
}

TEST_F(PrincipalsTest, refuses_a_key_that_is_none_and_state_of_another_account) {
  for (const char* id : {"A/B", "A B", "A,B", "A=B", "A\n"}) {
    Principals::Options options = kPrincipalOptions;
    options.admin_access_key_id = id;
    EXPECT_FALSE(Principals::open(store, clock, options).ok()) << id;
  }
  open({.account = "111122223333", .role_name = "node"});
  EXPECT_FALSE(Principals::open(store, clock, {.account = "999999999999", .role_name = "node"}).ok());
}

TEST_F(PrincipalsTest, hands_out_one_session_until_half_of_its_time_is_over) {
  Principals principals = open();
  const Principal first = {
      {}, (*principals.role_session())->caller, (*principals.role_session())->user_id, 0};
  const std::string id = (*principals.role_session())->credentials.access_key_id;
  EXPECT_EQ(id.substr(0, 4), "ASIA");
  EXPECT_EQ(first.caller.arn, "arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0");
  EXPECT_EQ(first.caller.role_arn, "arn:aws:iam::111122223333:role/node");
  clock.now_ms += 1'800'000;
  EXPECT_EQ((*principals.role_session())->credentials.access_key_id, id);
  clock.now_ms += 1;
  EXPECT_NE((*principals.role_session())->credentials.access_key_id, id);
  EXPECT_NE(principals.find(id), nullptr) << "the first one goes on until it expires";
}

TEST_F(PrincipalsTest, knows_its_sessions_after_a_restart) {
  std::string id;
  std::string token;
  {
    Principals principals = open();
    const Principal* session = *principals.role_session();
    id = session->credentials.access_key_id;
    token = session->credentials.session_token;
  }
  Principals principals = open();
  const Principal* session = principals.find(id);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->credentials.session_token, token);
  EXPECT_EQ(session->credentials.expires_unix_ms, clock.now_ms + 3'600'000);
  EXPECT_EQ((*principals.role_session())->credentials.access_key_id, id);
}

TEST_F(PrincipalsTest, ends_sessions_when_asked_but_not_the_administrators_key) {
  Principals principals = open();
  const std::string id = (*principals.role_session())->credentials.access_key_id;
  ASSERT_TRUE(principals.expire_sessions().ok());
  EXPECT_EQ(principals.find(id)->credentials.expires_unix_ms, clock.now_ms);
  EXPECT_GT(principals.administrator().credentials.expires_unix_ms, clock.now_ms);
  EXPECT_NE((*principals.role_session())->credentials.access_key_id, id);
}

TEST_F(PrincipalsTest, forgets_a_session_a_day_after_its_end) {
  Principals principals = open();
  const std::string id = (*principals.role_session())->credentials.access_key_id;
  clock.now_ms += std::int64_t{25} * 3'600'000;
  ASSERT_TRUE(principals.role_session().ok());
  EXPECT_NE(principals.find(id), nullptr);
  clock.now_ms += 3'600'001;
  ASSERT_TRUE(principals.role_session().ok());
  EXPECT_EQ(principals.find(id), nullptr);
}

TEST_F(PrincipalsTest, refuses_state_that_it_did_not_write) {
  for (const char* text : {"", "[]", "{}", R"({"administrator":"A","principals":[]})",
                           R"({"administrator":"A","principals":[{"access_key_id":"A"}]})"}) {
    ASSERT_TRUE(store.save("principals", text).ok());
    EXPECT_FALSE(Principals::open(store, clock, kPrincipalOptions).ok()) << text;
  }
}

}  // namespace
}  // namespace nes::aws_emulator
