#include "token/token.h"

#include <set>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "token/token_fixture.h"

namespace nes::token {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

TEST(Token, opens_to_what_was_sealed_at_every_size) {
  const auto cipher = cipher_of({1});
  std::string plaintext = "s";
  for (std::size_t size = 1; size <= 300; ++size) {
    for (const Mode mode : {Mode::kRandomized, Mode::kDeterministic}) {
      const std::string token = seal(*cipher, mode, "card", plaintext);
      EXPECT_EQ(token.size(), token_size(size));
      EXPECT_TRUE(looks_like_token(token));
      const Opened opened = open(*cipher, token, "card");
      ASSERT_TRUE(opened.ok) << size;
      EXPECT_EQ(opened.plaintext, plaintext);
      EXPECT_EQ(opened.kid, kid_text(data_key(1)->kid()));
    }
    plaintext.push_back(static_cast<char>(size * 37));
  }
}

TEST(Token, opens_large_values_and_small_ones_after_them) {
  const auto cipher = cipher_of({1});
  for (const std::size_t size : {std::size_t{100'000}, limits::kTokenScratchBytes, std::size_t{5}}) {
    const std::string plaintext(size, 'x');
    const std::string token = seal(*cipher, Mode::kRandomized, "", plaintext);
    EXPECT_EQ(open(*cipher, token).plaintext, plaintext);
  }
}

TEST(Token, is_appended_to_what_the_output_holds) {
  const auto cipher = cipher_of({1});
  secret::SecretBytes out = secret::SecretBytes::copy_of(as_bytes("\""));
  ASSERT_TRUE(cipher->seal(Mode::kDeterministic, "", as_bytes("sA"), out).ok());
  EXPECT_EQ(as_text(out.reveal()), "\"" + seal(*cipher, Mode::kDeterministic, "", "sA"));
}

TEST(Token, deterministic_ones_are_equal_for_one_key_context_and_plaintext) {
  const auto cipher = cipher_of({1}), same = cipher_of({1, 2}), other = cipher_of({2, 1});
  const auto deterministic = [](TokenCipher& by, std::string_view context, std::string_view plaintext) {
    return seal(by, Mode::kDeterministic, context, plaintext);
  };
  const std::string token = deterministic(*cipher, "card", "s4111");
  EXPECT_EQ(token, deterministic(*cipher, "card", "s4111"));
  EXPECT_EQ(token, deterministic(*same, "card", "s4111"));
  // Not only the key id differs: the sealed part shares nothing.
  std::set<std::string> bodies{token.substr(12)};
  EXPECT_TRUE(bodies.insert(deterministic(*other, "card", "s4111").substr(12)).second) << "another key";
  EXPECT_TRUE(bodies.insert(deterministic(*cipher, "iban", "s4111").substr(12)).second) << "another context";
  EXPECT_TRUE(bodies.insert(deterministic(*cipher, "", "s4111").substr(12)).second) << "no context";
  EXPECT_TRUE(bodies.insert(deterministic(*cipher, "card", "j4111").substr(12)).second)
      << "another type byte";
  EXPECT_TRUE(bodies.insert(deterministic(*cipher, "card", "s4112").substr(12)).second) << "another value";
  EXPECT_TRUE(bodies.insert(deterministic(*cipher, "cards", "4111").substr(12)).second)
      << "the border between context and plaintext moved";
}

TEST(Token, randomized_ones_all_differ) {
  const auto cipher = cipher_of({1});
  std::set<std::string> tokens;
  for (int i = 0; i < 1'000; ++i)
    EXPECT_TRUE(tokens.insert(seal(*cipher, Mode::kRandomized, "card", "s4111")).second);
}

TEST(Token, refuses_every_other_character_at_every_place) {
  const auto cipher = cipher_of({1});
  for (const std::string_view plaintext : {"s12", "s123", "s1234"}) {  // the three ends that base64 has
    const std::string token = seal(*cipher, Mode::kDeterministic, "card", plaintext);
    for (std::size_t i = 0; i < token.size(); ++i)
      for (int c = 0; c < 256; ++c) {
        std::string changed = token;
        changed[i] = static_cast<char>(c);
        if (changed == token) continue;
        const Opened opened = open(*cipher, changed, "card");
        ASSERT_FALSE(opened.ok) << changed;
        const bool names_another_key = i >= 3 && i < 11 && looks_like_token(changed);
        EXPECT_EQ(opened.code, names_another_key ? ErrorCode::kKeyNotLoaded : ErrorCode::kTokenRejected);
      }
  }
}

TEST(Token, refuses_every_truncation_and_extension) {
  const auto cipher = cipher_of({1});
  const std::string token = seal(*cipher, Mode::kDeterministic, "", "s4111111111111111");
  for (std::size_t size = 0; size < token.size(); ++size) {
    expect_rejected(*cipher, token.substr(0, size));
    expect_rejected(*cipher, token.substr(token.size() - size));
  }
  for (const char c : kAlphabet) expect_rejected(*cipher, token + c);
  for (const char* more : {"=", "==", " ", "\n", ".", "AAAA", "A=", ".AAAA"})
    expect_rejected(*cipher, token + more);
  for (const char* before : {" ", "\n", "\"", "v2.", "\xEF\xBB\xBF"})
    expect_rejected(*cipher, before + token);
}

// Base64 decoders that are not strict accept these, and one token would have several texts.
TEST(Token, refuses_respellings_of_the_same_bytes) {
  const auto cipher = cipher_of({1});
  const std::string token = seal(*cipher, Mode::kDeterministic, "", "s");  // 29 bytes: two unused bits
  ASSERT_TRUE(open(*cipher, token).ok);
  const std::size_t last = kAlphabet.find(token.back());
  ASSERT_EQ(last % 4, 0U);
  for (std::size_t unused = 1; unused < 4; ++unused)
    expect_rejected(*cipher, token.substr(0, token.size() - 1) + kAlphabet[last + unused]);
  expect_rejected(*cipher, token + "=");

  std::string upper = token;
  for (std::size_t i = 3; i < 11; ++i)
    if (upper[i] >= 'a') upper[i] = static_cast<char>(upper[i] - 'a' + 'A');
  ASSERT_NE(upper, token);
  expect_rejected(*cipher, upper);

  int respelled = 0;
  for (int i = 0; i < 100; ++i) {
    std::string standard = seal(*cipher, Mode::kDeterministic, "", "s" + std::to_string(i));
    for (char& c : standard) {
      if (c == '-') c = '+';
      if (c == '_') c = '/';
    }
    if (standard.find_first_of("+/") == std::string::npos) continue;
    expect_rejected(*cipher, standard);
    ++respelled;
  }
  EXPECT_GT(respelled, 0);
}

TEST(Token, of_a_key_that_is_not_loaded_says_so_only_when_well_formed) {
  const auto cipher = cipher_of({1}), other = cipher_of({2});
  const std::string token = seal(*other, Mode::kRandomized, "", "s4111");
  EXPECT_EQ(open(*cipher, token).code, ErrorCode::kKeyNotLoaded);
  expect_rejected(*cipher, token + "=");
  expect_rejected(*cipher, token.substr(0, 40));
  expect_rejected(*cipher, token.substr(0, token.size() - 1) + "+");
  // Another key's id before a body of ours: the id is authenticated.
  const std::string ours = seal(*cipher, Mode::kRandomized, "", "s4111");
  const auto both = cipher_of({1, 2});
  expect_rejected(*both, token.substr(0, 12) + ours.substr(12));
}

TEST(Token, opens_under_every_loaded_key_and_tells_which) {
  const auto both = cipher_of({2, 1});
  const std::string old_token = seal(*cipher_of({1}), Mode::kRandomized, "", "sold");
  const std::string new_token = seal(*both, Mode::kRandomized, "", "snew");
  EXPECT_EQ(open(*both, old_token).kid, kid_text(data_key(1)->kid()));
  EXPECT_EQ(open(*both, new_token).kid, kid_text(data_key(2)->kid()));
  EXPECT_EQ(open(*both, old_token).plaintext, "sold");
}

TEST(Token, opens_in_its_context_or_a_previous_one_alone) {
  const auto cipher = cipher_of({1});
  const std::vector<std::string> previous{"b", "", std::string(limits::kContextBytes, 'c')};
  for (const Mode mode : {Mode::kRandomized, Mode::kDeterministic}) {
    for (const std::string& context : {std::string("a"), previous[0], previous[1], previous[2]}) {
      const std::string token = seal(*cipher, mode, context, "s4111");
      EXPECT_EQ(open(*cipher, token, "a", previous).plaintext, "s4111") << context;
      if (context != "a") expect_rejected(*cipher, token, "a");
    }
    for (const std::string_view foreign : {"d", "A", "ab", "bc"}) {
      const Opened opened = open(*cipher, seal(*cipher, mode, foreign, "s4111"), "a", previous);
      EXPECT_EQ(opened.code, ErrorCode::kTokenRejected) << foreign;
    }
  }
}

TEST(Token, opens_with_nowhere_to_tell_the_key) {
  const auto cipher = cipher_of({1});
  secret::SecretBytes out;
  const std::string token = seal(*cipher, Mode::kRandomized, "", "s4111");
  EXPECT_TRUE(cipher->open("", {}, token, out, nullptr).ok());
}

TEST(TokenDeathTest, ends_the_process_on_what_only_a_mistake_of_ours_can_ask) {
  const auto cipher = cipher_of({1});
  secret::SecretBytes out;
  const std::string context(limits::kContextBytes + 1, 'c');
  EXPECT_DEATH((void)cipher->seal(Mode::kRandomized, "", {}, out), "check failed");
  EXPECT_DEATH((void)cipher->seal(Mode::kRandomized, context, as_bytes("s"), out), "check failed");
}

}  // namespace
}  // namespace nes::token
