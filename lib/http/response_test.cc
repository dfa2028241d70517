#include "http/response.h"

#include <string>

#include <gtest/gtest.h>

#include "http/media_type.h"

namespace nes::http {
namespace {

TEST(ResponseHead, is_spelled_as_a_client_reads_it) {
  std::string out = "before";
  ResponseHead head(out, 200);
  head.field("Content-Type", "application/json")
      .field("Content-Length", std::uint64_t{18446744073709551615U});
  head.field("X-Empty", "").finish();
  EXPECT_EQ(out,
            "beforeHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            "Content-Length: 18446744073709551615\r\nX-Empty: \r\n\r\n");
}

TEST(ResponseHeadDeathTest, aborts_rather_than_split_an_answer) {
  std::string out;
  ResponseHead head(out, 200);
  for (const std::string_view value :
       {std::string_view("a\r\nb"), std::string_view("a\n"), std::string_view("a\0", 2)})
    EXPECT_DEATH(head.field("X", value), "check failed");
  for (const std::string_view name : {"", "X:", "X Y", "X\r\n"})
    EXPECT_DEATH(head.field(name, "a"), "check failed");
  EXPECT_DEATH(head.field("X\n", std::uint64_t{1}), "check failed");
}

TEST(ErrorTable, has_the_status_and_code_that_clients_are_promised) {
  struct Case {
    std::string_view name;
    int status;
    ErrorCode code;
    bool retry;
  };
  const Case cases[] = {{"schema_header_missing", 400, ErrorCode::kSchemaHeaderMissing, false},
                        {"schema_root_required", 400, ErrorCode::kSchemaRootRequired, false},
                        {"malformed_json", 400, ErrorCode::kMalformedJson, false},
                        {"malformed_request", 400, ErrorCode::kMalformedRequest, false},
                        {"not_allowed", 403, ErrorCode::kNotAllowed, false},
                        {"schema_unknown", 404, ErrorCode::kSchemaUnknown, false},
                        {"not_found", 404, ErrorCode::kNotFound, false},
                        {"method_not_allowed", 405, ErrorCode::kMethodNotAllowed, false},
                        {"timeout", 408, ErrorCode::kTimeout, false},
                        {"body_too_large", 413, ErrorCode::kBodyTooLarge, false},
                        {"unsupported_media_type", 415, ErrorCode::kUnsupportedMediaType, false},
                        {"token_rejected", 422, ErrorCode::kTokenRejected, false},
                        {"undeclared_key", 422, ErrorCode::kUndeclaredKey, false},
                        {"rate_limited", 429, ErrorCode::kRateLimited, true},
                        {"headers_too_large", 431, ErrorCode::kHeadersTooLarge, false},
                        {"http_version_not_supported", 505, ErrorCode::kHttpVersion, false},
                        {"overloaded", 503, ErrorCode::kOverloaded, true},
                        {"not_ready", 503, ErrorCode::kNotReady, true},
                        {"key_not_loaded", 503, ErrorCode::kKeyNotLoaded, true},
                        {"internal", 500, ErrorCode::kInternal, false}};
  for (const Case& c : cases) {
    EXPECT_EQ(status_of(c.code), c.status) << c.name;
    EXPECT_EQ(public_code(c.code), c.name);
    EXPECT_EQ(retry_after_s(c.code) > 0, c.retry) << c.name;
    EXPECT_LE(retry_after_s(c.code), 5) << c.name;
    EXPECT_NE(reason_phrase(c.status), reason_phrase(0)) << c.status;
  }
}

TEST(ErrorTable, shows_internal_for_what_stays_inside) {
  for (const ErrorCode code :
       {ErrorCode::kConfig, ErrorCode::kSchemaRefused, ErrorCode::kIo, ErrorCode::kCrypto, ErrorCode::kLimit,
        ErrorCode::kTruncated, ErrorCode::kMalformed}) {
    EXPECT_EQ(status_of(code), 500);
    EXPECT_EQ(public_code(code), "internal");
    EXPECT_EQ(retry_after_s(code), 0);
  }
}

TEST(Problem, is_a_json_object_with_the_code_and_the_path_if_there_is_one) {
  std::string out;
  append_problem(out, ErrorCode::kMalformedJson, "");
  EXPECT_EQ(
      out,
      R"({"type":"about:blank","title":"The body is not valid JSON","status":400,"code":"malformed_json"})");
  out.clear();
  append_problem(out, ErrorCode::kTokenRejected, "/cards/0/\"n\\o\n");
  EXPECT_EQ(out,
            R"({"type":"about:blank","title":"A planned value is not a token that opens here","status":422,)"
            R"("code":"token_rejected","path":"/cards/0/\"n\\o\n"})");
}

TEST(MediaType, is_compared_without_case_and_parameters) {
  for (const std::string_view value :
       {"application/json", "Application/JSON", "application/json;charset=utf-8", "application/json ; a=b",
        "application/json;", " application/json\t"})
    EXPECT_TRUE(media_type_is(value, "application/json")) << value;
  for (const std::string_view value :
       {"", ";", "application/jsonx", "application/jso", "application /json", "text/json",
        "application/json, text/plain", "application/x-ndjson", "x;application/json"})
    EXPECT_FALSE(media_type_is(value, "application/json")) << value;
}

}  // namespace
}  // namespace nes::http
