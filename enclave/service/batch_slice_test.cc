#include "enclave/service/batch_slice.h"

#include <gtest/gtest.h>

namespace nes::service {
namespace {

TEST(ErrorMember, is_found_at_the_top_however_it_is_spelled) {
  for (const char* document :
       {R"({"$error":1})", R"({"a":1,"$error":{}})", R"({"\u0024error":1})",
        R"( {"\u0024\u0065\u0072\u0072\u006f\u0072" : null})", R"({"a":{},"$err\u006fr":[]})"})
    EXPECT_TRUE(has_error_member(document)) << document;
}

TEST(ErrorMember, is_not_found_elsewhere) {
  for (const char* document : {"", "{}", R"({"error":1})", R"({"$errors":1})", R"({"a":{"$error":1}})",
                               R"([{"$error":1}])", R"("$error")", R"({"a":"$error"})",
                               R"({"\u0025error":1})", R"({"$error":1)", R"({"\\u0024error":1})"})
    EXPECT_FALSE(has_error_member(document)) << document;
}

TEST(LineError, has_the_public_code_and_the_line) {
  std::string out = "x";
  append_line_error(out, ErrorCode::kTokenRejected, 18'446'744'073'709'551'615U);
  EXPECT_EQ(out, R"(x{"$error":{"code":"token_rejected","line":18446744073709551615}})");
  out.clear();
  append_line_error(out, ErrorCode::kCrypto, 1);
  EXPECT_EQ(out, R"({"$error":{"code":"internal","line":1}})");
}

TEST(BlankLine, is_white_space_alone) {
  for (const char* line : {"", " ", "\t", "\r", " \t \r"}) EXPECT_TRUE(is_blank_line(line));
  for (const char* line : {"{", " 0", "\v", "\f", "\xc2\xa0"}) EXPECT_FALSE(is_blank_line(line));
}

}  // namespace
}  // namespace nes::service
