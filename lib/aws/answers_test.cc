// The parsers of answers: JSON, XML, and what refusals mean.

#include <gtest/gtest.h>

#include "aws/json_fields.h"
#include "aws/remote_code.h"
#include "aws/xml.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

TEST(JsonFields, gives_fields_by_name_and_type_and_ignores_others) {
  const auto fields = JsonFields::parse(
      R"({"s":"te\u0078t","n":null,"b":"AQID","l":["a","b"],"o":[{"x":"1"}],"m":{"v":["A"]},"d":1.5E9,"t":true,"u":{}})");
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(*fields->string("s"), "text");
  EXPECT_EQ(*fields->optional_string("n"), std::nullopt);
  EXPECT_EQ(*fields->optional_string("absent"), std::nullopt);
  EXPECT_EQ(*fields->optional_base64("b"), (Bytes{1, 2, 3}));
  EXPECT_EQ(*fields->optional_strings("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*fields->optional_objects("o")->front()->string("x"), "1");
  EXPECT_EQ(fields->optional_string_lists("m")->at("v").front(), "A");
  EXPECT_EQ(fields->scalar("d"), "1.5E9");
  EXPECT_EQ(fields->scalar("t"), "true");
  EXPECT_EQ(fields->scalar("s"), "");
}

TEST(JsonFields, refuses_fields_of_another_type) {
  const auto fields = JsonFields::parse(R"({"s":1,"b":"A===","l":[1],"o":["x"],"m":{"v":"A"},"n":null})");
  EXPECT_FALSE(fields->string("s").ok());
  EXPECT_FALSE(fields->string("n").ok());
  EXPECT_FALSE(fields->string("absent").ok());
  EXPECT_FALSE(fields->optional_string("s").ok());
  EXPECT_FALSE(fields->optional_base64("b").ok());
  EXPECT_FALSE(fields->optional_strings("l").ok());
  EXPECT_FALSE(fields->optional_strings("s").ok());
  EXPECT_FALSE(fields->optional_objects("o").ok());
  EXPECT_FALSE(fields->optional_objects("s").ok());
  EXPECT_FALSE(fields->optional_string_lists("m").ok());
  EXPECT_FALSE(fields->optional_string_lists("l").ok());
}

TEST(JsonFields, refuses_what_is_not_one_object_without_repeated_keys) {
  for (const char* text : {"", "[]", "\"x\"", "{", "{}x", R"({"a":1,"a":1})", R"({"o":{"a":1,"a":2}})",
                           R"({"a":[{"b":1,"\u0062":2}]})", "{\"a\":\"\xFF\"}"}) {
    const auto fields = JsonFields::parse(text);
    ASSERT_FALSE(fields.ok()) << text;
    EXPECT_EQ(fields.error().code, ErrorCode::kMalformed) << text;
  }
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(JsonFields::parse(nested(limits::kAwsJsonDepth)).ok());
  EXPECT_EQ(JsonFields::parse(nested(limits::kAwsJsonDepth + 1)).error().code, ErrorCode::kLimit);
}

TEST(Xml, gives_elements_and_text) {
  const auto root = parse_xml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"http://x/\" xmlns:p=\"q\"><A>1&amp;2</A>"
      "<p:A b=\"c\">3</p:A><B><![CDATA[<]]>x</B><C/></R>");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->name, "R");
  ASSERT_EQ(root->children.size(), 4U);
  EXPECT_EQ(root->child_text("A"), "1&2");
  EXPECT_EQ(root->children[1].name, "A");
  EXPECT_EQ(root->child_text("B"), "<x");
  EXPECT_EQ(root->child_text("C"), "");
  EXPECT_EQ(root->child("D"), nullptr);
}

TEST(Xml, refuses_what_is_not_well_formed_or_declares_entities) {
  for (const char* text : {"", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&nbsp;</a>", "<a>\x01</a>",
                           "<a>\xFF</a>", "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
                           "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"}) {
    const auto root = parse_xml(text);
    ASSERT_FALSE(root.ok()) << text;
    EXPECT_EQ(root.error().code, ErrorCode::kMalformed) << text;
  }
}

TEST(Xml, rejects_every_truncation) {
  const std::string text = "<R><A>1</A><B/></R>";
  EXPECT_TRUE(parse_xml(text).ok());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_xml(text.substr(0, size)).ok()) << size;
}

TEST(Xml, holds_its_limits) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<a>";
    for (std::size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(parse_xml(nested(limits::kAwsXmlDepth)).ok());
  EXPECT_EQ(parse_xml(nested(limits::kAwsXmlDepth + 1)).error().code, ErrorCode::kLimit);
  const auto many = [](std::size_t count) {
    std::string text = "<r>";
    for (std::size_t i = 1; i < count; ++i) text += "<a/>";
    return text + "</r>";
  };
  EXPECT_TRUE(parse_xml(many(limits::kAwsXmlElements)).ok());
  EXPECT_EQ(parse_xml(many(limits::kAwsXmlElements + 1)).error().code, ErrorCode::kLimit);
}

RemoteCode code_of(int status, std::string_view body, Headers headers = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.headers = std::move(headers);
  answer.body = secret::SecretBytes::copy_of(as_bytes(body));
  return remote_code(answer);
}

TEST(RemoteCode, is_found_in_header_json_and_xml) {
  EXPECT_EQ(code_of(400, "", {{"X-Amzn-ErrorType", "ThrottlingException:http://x/"}}),
            RemoteCode::kThrottled);
  EXPECT_EQ(code_of(400, R"({"__type":"com.amazonaws.kms#InvalidCiphertextException"})"),
            RemoteCode::kInvalidCiphertext);
  EXPECT_EQ(code_of(400, R"({"__type":"InvalidCiphertextException","message":null})"),
            RemoteCode::kInvalidCiphertext);
  EXPECT_EQ(code_of(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>"), RemoteCode::kClockSkew);
  EXPECT_EQ(code_of(503, "<Error><Code>SlowDown</Code></Error>"), RemoteCode::kThrottled);
  EXPECT_EQ(code_of(404, "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>"),
            RemoteCode::kNotFound);
}

TEST(RemoteCode, falls_back_to_the_status) {
  EXPECT_EQ(code_of(429, ""), RemoteCode::kThrottled);
  EXPECT_EQ(code_of(503, "garbage"), RemoteCode::kThrottled);
  EXPECT_EQ(code_of(500, "{"), RemoteCode::kUnavailable);
  EXPECT_EQ(code_of(403, "{}"), RemoteCode::kAccessDenied);
  EXPECT_EQ(code_of(404, "<html/>"), RemoteCode::kNotFound);
  EXPECT_EQ(code_of(400, R"({"__type":"SomethingNewException"})"), RemoteCode::kOther);
  EXPECT_EQ(code_of(400, R"({"__type":5})"), RemoteCode::kOther);
  EXPECT_EQ(code_of(307, ""), RemoteCode::kOther);
}

TEST(RemoteCode, is_told_by_its_error) {
  for (int i = 0; i <= static_cast<int>(RemoteCode::kOther); ++i) {
    const auto code = static_cast<RemoteCode>(i);
    const Error error = remote_error(code, 418);
    EXPECT_EQ(error.position, 418U);
    EXPECT_EQ(remote_code_of(error), code);
  }
  EXPECT_EQ(remote_code_of(Error{ErrorCode::kIo, "another"}), std::nullopt);
}

}  // namespace
}  // namespace nes::aws
