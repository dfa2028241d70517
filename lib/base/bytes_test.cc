#include "base/bytes.h"

#include <gtest/gtest.h>

namespace nes::base {
namespace {

// RFC 4648 section 10.
TEST(Base64, encodes_and_decodes_the_vectors_of_rfc_4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
    const auto decoded = base64_decode(encoded);
    ASSERT_TRUE(decoded.has_value()) << encoded;
    EXPECT_EQ(as_text(*decoded), plain);
    std::string_view unpadded = encoded;
    while (unpadded.ends_with('=')) unpadded.remove_suffix(1);
    EXPECT_EQ(base64url_encode(as_bytes(plain)), unpadded);
  }
}

TEST(Base64, refuses_every_other_spelling) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Zm 9v", "Zm9v\n", "Zm-v",
                                      "====", "=", "Z===", "Zg==Zg=="})
    EXPECT_FALSE(base64_decode(text).has_value()) << text;
}

TEST(Base64Url, refuses_padding_unused_bits_and_the_other_alphabet) {
  constexpr std::string_view kTexts[] = {"Zg==", "Zh", "Zm9", "Z", "Zm9vZ", "ab+/", "a b", {"Zg\0", 3}};
  for (const std::string_view text : kTexts) EXPECT_FALSE(base64url_decode(text).has_value()) << text;
  EXPECT_TRUE(base64url_decode("-_-_").has_value());
}

TEST(Base64Url, decodes_what_it_encodes_at_every_length) {
  Bytes bytes;
  for (int n = 0; n < 200; ++n) {
    const std::string text = base64url_encode(bytes);
    EXPECT_EQ(text.size(), base64url_encoded_size(bytes.size()));
    EXPECT_EQ(base64url_decoded_size(text.size()), bytes.size());
    EXPECT_EQ(base64url_decode(text), bytes);
    bytes.push_back(static_cast<std::uint8_t>(n * 89 + 7));
  }
}

TEST(Base64Url, has_exactly_one_text_for_each_short_byte_string) {
  // All texts of one to three characters: those accepted re-encode to themselves.
  constexpr std::string_view kCharacters = "AQgwZz09-_+/=";
  int accepted = 0;
  for (const char a : kCharacters)
    for (const char b : kCharacters)
      for (const char c : kCharacters) {
        const char all[3] = {a, b, c};
        for (std::size_t n = 1; n <= 3; ++n) {
          const std::string_view text(all, n);
          if (const auto bytes = base64url_decode(text)) {
            ++accepted;
            EXPECT_EQ(base64url_encode(*bytes), text);
          }
        }
      }
  EXPECT_GT(accepted, 0);
}

TEST(Hex, decodes_both_cases_and_refuses_the_rest) {
  EXPECT_EQ(hex_encode(Bytes{0x00, 0xAB, 0xFF}), "00abff");
  EXPECT_EQ(hex_decode("00aBFf"), (Bytes{0x00, 0xAB, 0xFF}));
  EXPECT_EQ(hex_decode(""), Bytes{});
  for (const std::string_view text : {"0", "0g", "g0", "00 ", "0x00", " 0"})
    EXPECT_FALSE(hex_decode(text)) << text;
}

TEST(Integers, are_stored_big_endian) {
  std::uint8_t out[8];
  store_u32be(0x01020304, out);
  EXPECT_EQ(hex_encode({out, 4}), "01020304");
  store_u64be(0x0102030405060708, out);
  EXPECT_EQ(hex_encode({out, 8}), "0102030405060708");
}

}  // namespace
}  // namespace nes::base
