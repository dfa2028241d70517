// The public vectors of the token formats, written by testdata/vectors/make_tokens.py, which shares no code
// with this library.
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "token/token.h"
#include "token/token_fixture.h"

namespace nes::token {
namespace {

using Vector = std::map<std::string, std::string>;

// An object of plain strings a line, which is how the script writes: names and values stand in turn between
// quotes.
std::vector<Vector> read_vectors(const std::string& name) {
  std::ifstream file(NES_TESTDATA "/vectors/" + name);
  std::vector<Vector> vectors;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> quoted;
    for (std::size_t open = line.find('"'); open != std::string::npos; open = line.find('"', open)) {
      const std::size_t close = line.find('"', open + 1);
      quoted.push_back(line.substr(open + 1, close - open - 1));
      open = close + 1;
    }
    if (quoted.empty()) continue;
    Vector vector;
    for (std::size_t i = 0; i + 1 < quoted.size(); i += 2) vector[quoted[i]] = quoted[i + 1];
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

std::string from_hex(const std::string& hex) { return std::string(as_text(base::hex_decode(hex).value())); }

std::shared_ptr<const DataKey> key_of(const Vector& vector) {
  return DataKey::derive(secret::SecretBytes::copy_of(base::hex_decode(vector.at("dek")).value())).value();
}

TEST(TokenVectors, of_v2_are_what_deterministic_sealing_gives_and_open) {
  const auto vectors = read_vectors("token_v2.json");
  ASSERT_EQ(vectors.size(), 72U);
  for (const Vector& vector : vectors) {
    const auto key = key_of(vector);
    EXPECT_EQ(kid_text(key->kid()), vector.at("kid"));
    const auto cipher = TokenCipher::make(KeySet::make({key}).value(), {}).value();
    const std::string plaintext = from_hex(vector.at("plaintext"));
    EXPECT_EQ(seal(*cipher, Mode::kDeterministic, vector.at("context"), plaintext), vector.at("token"));
    EXPECT_EQ(open(*cipher, vector.at("token"), vector.at("context")).plaintext, plaintext);
  }
}

TEST(TokenVectors, of_v1_open) {
  const auto vectors = read_vectors("token_v1.json");
  ASSERT_EQ(vectors.size(), 18U);
  for (const Vector& vector : vectors) {
    const auto cipher =
        TokenCipher::make(KeySet::make({key_of(vector)}).value(), {.accept_v1 = true}).value();
    const Opened opened = open(*cipher, vector.at("token"));
    ASSERT_TRUE(opened.ok);
    EXPECT_EQ(opened.plaintext, "s" + from_hex(vector.at("value")));
  }
}

}  // namespace
}  // namespace nes::token
