// The policy and the grants of a key, against scripted answers.
#include "aws/key_access.h"

#include <gtest/gtest.h>

#include "aws/fake_server_for_test.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

FakeServer::Handler always(std::string answer) {
  return [answer = std::move(answer)](const std::string&, std::size_t) { return answer; };
}

std::string body_of(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

TEST(KeyAccess, reads_the_policy) {
  FakeAws aws(always(answer_of(200, R"({"Policy":"{\"a\":1}","PolicyName":"default"})")));
  EXPECT_EQ(*KeyAccess(aws.client, "k").policy(), R"({"a":1})");
  EXPECT_EQ(body_of(aws.server.requests()[0]), R"({"KeyId":"k","PolicyName":"default"})");
  FakeAws without(always(answer_of(200, R"({"PolicyName":"default"})")));
  EXPECT_FALSE(KeyAccess(without.client, "k").policy().ok());
}

TEST(KeyAccess, writes_the_policy_and_takes_the_empty_answer) {
  FakeAws aws(always(answer_of(200, "")));
  EXPECT_TRUE(KeyAccess(aws.client, "k").put_policy(R"({"a":1})").ok());
  EXPECT_EQ(body_of(aws.server.requests()[0]),
            R"({"KeyId":"k","PolicyName":"default","Policy":"{\"a\":1}"})");
  FakeAws refusing(always(answer_of(400, R"({"__type":"MalformedPolicyDocumentException"})")));
  EXPECT_FALSE(KeyAccess(refusing.client, "k").put_policy("{}").ok());
}

TEST(KeyAccess, lists_the_grants_of_all_pages) {
  FakeAws aws([](const std::string&, std::size_t number) {
    return answer_of(
        200, number == 0
                 ? R"({"Grants":[{"GrantId":"a","GranteePrincipal":"p","Operations":["Decrypt","Encrypt"]}],)"
                   R"("Truncated":true,"NextMarker":"m"})"
                 : R"({"Grants":[{"GrantId":"b"}],"Truncated":false})");
  });
  const auto grants = KeyAccess(aws.client, "k").grants();
  ASSERT_EQ(grants->size(), 2U);
  EXPECT_EQ((*grants)[0].grantee, "p");
  EXPECT_EQ((*grants)[0].operations, (std::vector<std::string>{"Decrypt", "Encrypt"}));
  EXPECT_EQ((*grants)[1].id, "b");
  EXPECT_EQ(body_of(aws.server.requests()[0]), R"({"KeyId":"k"})");
  EXPECT_EQ(body_of(aws.server.requests()[1]), R"({"KeyId":"k","Marker":"m"})");
}

TEST(KeyAccess, refuses_lists_that_are_cut_short_or_do_not_end) {
  for (const char* body :
       {R"({"Grants":[],"Truncated":true})", R"({"Grants":[],"Truncated":true,"NextMarker":""})",
        R"({"Grants":[{}]})", R"({"Grants":{}})"}) {
    FakeAws aws(always(answer_of(200, body)));
    EXPECT_FALSE(KeyAccess(aws.client, "k").grants().ok()) << body;
  }
  FakeAws endless(always(answer_of(200, R"({"Grants":[],"Truncated":true,"NextMarker":"m"})")));
  EXPECT_EQ(KeyAccess(endless.client, "k").grants().error().code, ErrorCode::kLimit);
  EXPECT_EQ(endless.server.requests().size(), limits::kAwsPages);
}

}  // namespace
}  // namespace nes::aws
