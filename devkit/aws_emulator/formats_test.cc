#include "devkit/aws_emulator/aws_chunked.h"
#include "devkit/aws_emulator/digests.h"
#include "devkit/aws_emulator/emulator_testing.h"
#include "devkit/aws_emulator/json_edit.h"
#include "devkit/aws_emulator/json_object.h"
#include "devkit/aws_emulator/random_text.h"
#include "devkit/aws_emulator/sts.h"
#include "devkit/aws_emulator/xml_text.h"

namespace nes::aws_emulator {
namespace {

TEST(Digests, give_the_check_values_of_their_algorithms) {
  // Of "123456789": the check values of the CRC catalogue; SHA from FIPS 180-4 programs; MD5 of RFC 1321's
  // suite.
  const auto hex = [](std::string_view algorithm) {
    return base::hex_encode(*base::base64_decode(**checksum(algorithm, "123456789")));
  };
  EXPECT_EQ(hex("crc32"), "cbf43926");
  EXPECT_EQ(hex("crc32c"), "e3069283");
  EXPECT_EQ(hex("crc64nvme"), "ae8b14860a799888");
  EXPECT_EQ(hex("sha1"), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
  EXPECT_EQ(hex("sha256"), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  EXPECT_EQ(base::hex_encode(*md5("abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_FALSE(checksum("md4", "").value().has_value());
}

TEST(AwsChunked, reads_chunks_and_trailers) {
  const auto body = decode_aws_chunked("A\r\n0123456789\r\n1\r\n\n\r\n0\r\nX-Amz-Trailer: v \r\n\r\n");
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->content, "0123456789\n");
  EXPECT_EQ(body->trailers, (aws::Headers{{"x-amz-trailer", "v"}}));
  EXPECT_EQ(decode_aws_chunked("0\r\n\r\n")->content, "");
}

TEST(AwsChunked, refuses_anything_else) {
  for (const char* text : {"", "0\r\n", "0\r\n\r\nx", "1\r\nx", "1\r\nxy\r\n0\r\n\r\n", "2\r\nx\r\n0\r\n\r\n",
                           "x\r\n", "-1\r\nx\r\n0\r\n\r\n", "1;chunk-signature=0\r\nx\r\n0\r\n\r\n",
                           "0\r\nno colon\r\n\r\n", "ffffffffffffffffff\r\nx\r\n0\r\n\r\n"})
    EXPECT_FALSE(decode_aws_chunked(text).ok()) << text;
}

TEST(JsonObject, writes_members_in_their_order) {
  const std::string items[] = {"a", "\""};
  EXPECT_EQ(JsonObject().finish(), "{}");
  EXPECT_EQ(JsonObject()
                .text("t", "\"")
                .texts("l", items)
                .texts("n", {})
                .number("i", -1)
                .flag("f", true)
                .time("d", 1'005)
                .list("o", {})
                .finish(),
            R"({"t":"\"","l":["a","\""],"n":[],"i":-1,"f":true,"d":1.005,"o":[]})");
}

TEST(JsonEdit, replaces_or_adds_one_member_of_the_object_itself) {
  EXPECT_EQ(with_text_member("{}", "a", "x").value(), R"({"a":"x"})");
  EXPECT_EQ(with_text_member(R"({ "a" : "y", "b": {"a": [1, "q\"", {}, true, null]} })", "a", "x").value(),
            R"({"b":{"a":[1,"q\"",{},true,null]},"a":"x"})");
  EXPECT_EQ(with_text_member(R"({"b":1,"a":null})", "a", "\"").value(), R"({"b":1,"a":"\""})");
  for (const char* text : {"", "[]", "1", "{", R"({"a":{}})"})
    EXPECT_FALSE(with_text_member(text, "a", "x").ok()) << text;
}

TEST(XmlText, escapes_what_xml_would_read) {
  EXPECT_EQ(xml_element("Key", "a<b>&\"c\x01"), "<Key>a&lt;b&gt;&amp;&quot;c&#1;</Key>");
  EXPECT_NE(s3_error(404, "NoSuchKey", "m")
                .body.find("<Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>"),
            std::string::npos);
}

TEST(RandomText, draws_from_its_alphabet) {
  EXPECT_EQ(random_text("a", 5), "aaaaa");
  const std::string text = random_text("abc", 1000);
  EXPECT_EQ(text.size(), 1000U);
  EXPECT_EQ(text.find_first_not_of("abc"), std::string::npos);
  for (const char c : {'a', 'b', 'c'}) EXPECT_NE(text.find(c), std::string::npos);
  const std::string uuid = random_uuid();
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(random_uuid(), uuid);
}

TEST(Sts, says_who_is_calling) {
  const Principal principal{{}, {"arn:aws:iam::111122223333:user/a", "", "111122223333"}, "AIDA", 0};
  EXPECT_EQ(query_action("Action=GetCallerIdentity&Version=2011-06-15"), "GetCallerIdentity");
  EXPECT_EQ(query_action("Version=2011-06-15"), "");
  EXPECT_EQ(query_action("%"), "");
  EXPECT_NE(call_sts("GetCallerIdentity", principal)
                .body.find("<Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>AIDA</"
                           "UserId><Account>111122223333</Account>"),
            std::string::npos);
  EXPECT_NE(call_sts("AssumeRole", principal).body.find("<Code>InvalidAction</Code>"), std::string::npos);
}

}  // namespace
}  // namespace nes::aws_emulator
