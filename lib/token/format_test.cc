#include "token/format.h"

#include <string>

#include <gtest/gtest.h>

namespace nes::token {
namespace {

const std::string kKid = "0123cdef";
const std::string kV2 = "v2." + kKid + "." + std::string(39, 'A');  // 29 bytes: the shortest
const std::string kV1 = "v1." + std::string(16, 'A') + "." + std::string(21, 'A') + "A";  // 12 and 16 bytes

TEST(TokenSize, is_exact_and_known_at_compile_time) {
  static_assert(token_size(1) == 3 + 8 + 1 + 39);
  static_assert(token_size(2) == 3 + 8 + 1 + 40);
  static_assert(token_size(3) == 3 + 8 + 1 + 42);
  EXPECT_EQ(kV2.size(), token_size(1));
}

TEST(TokenForm, takes_the_shortest_token_of_each_version) {
  EXPECT_TRUE(looks_like_token(kV2));
  EXPECT_TRUE(looks_like_token(kV1));
  const auto parsed = parse_v2(kV2);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(std::string(parsed->kid.data(), parsed->kid.size()), kKid);
  EXPECT_EQ(parsed->sealed, std::string(39, 'A'));
}

TEST(TokenForm, refuses_every_shorter_text) {
  for (const std::string& token : {kV2, kV1})
    for (std::size_t size = 0; size < token.size(); ++size)
      EXPECT_FALSE(looks_like_token(token.substr(0, size))) << size;
}

TEST(TokenForm, takes_longer_ones_by_base64url_alone) {
  for (std::size_t size = 39; size < 3'000; ++size) {
    const std::string sealed(size, 'A');
    const bool possible = size % 4 != 1;
    EXPECT_EQ(looks_like_token("v2." + kKid + "." + sealed), possible) << size;
    EXPECT_EQ(looks_like_token("v1." + std::string(16, 'A') + "." + sealed), possible) << size;
    // A foreign character is found at every place, the ends of the pieces included.
    std::string wrong = sealed;
    wrong[size * 31 % wrong.size()] = '+';
    EXPECT_FALSE(looks_like_token("v2." + kKid + "." + wrong)) << size;
  }
}

TEST(TokenForm, refuses_other_spellings_of_the_key_id) {
  for (const std::string_view kid : {"0123CDEF", "0123cdeg", "0123cde", "0123cdef0", "0123cde.", "0123cde ",
                                     "-123cdef", "0x23cdef", "........"})
    EXPECT_FALSE(looks_like_token("v2." + std::string(kid) + "." + std::string(39, 'A'))) << kid;
}

TEST(TokenForm, refuses_other_prefixes) {
  for (const std::string_view prefix :
       {"", "v", "v2", "V2.", "v0.", "v3.", "v22.", " v2.", "v2,", "v2..", ".v2."})
    EXPECT_FALSE(looks_like_token(std::string(prefix) + kV2.substr(3))) << prefix;
}

TEST(TokenForm, refuses_padding_unused_bits_and_foreign_characters) {
  const std::string start = kV2.substr(0, kV2.size() - 1);
  for (const char* end : {"B", "P", "A=", "A==", "=", "+", "/", ".", " ", "A ", "A\n", "\xC3\xA4"})
    EXPECT_FALSE(looks_like_token(start + end)) << end;
  EXPECT_TRUE(looks_like_token(start + "E")) << "of six bits, the last two are unused";
  EXPECT_FALSE(looks_like_token(start + std::string(1, '\0')));
}

TEST(TokenForm, refuses_v1_with_a_nonce_of_another_size) {
  for (const std::size_t size : {0U, 15U, 17U, 18U, 20U})
    EXPECT_FALSE(looks_like_token("v1." + std::string(size, 'A') + "." + std::string(40, 'A'))) << size;
  EXPECT_FALSE(looks_like_token("v1." + std::string(15, 'A') + "+." + std::string(40, 'A')));
}

}  // namespace
}  // namespace nes::token
