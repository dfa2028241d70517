#include <gtest/gtest.h>

#include "base/limits.h"
#include "token/token.h"
#include "token/token_fixture.h"

namespace nes::token {
namespace {

TEST(DataKey, takes_32_bytes_alone) {
  for (const std::size_t size : {0U, 1U, 16U, 31U, 33U, 64U}) {
    const auto key = DataKey::derive(secret::SecretBytes(size));
    ASSERT_FALSE(key.ok()) << size;
    EXPECT_EQ(key.error().code, ErrorCode::kMalformed);
  }
  EXPECT_TRUE(DataKey::derive(secret::SecretBytes(32)).ok());
}

TEST(DataKey, derives_the_same_from_the_same_and_all_different_subkeys) {
  const auto key = data_key(7), same = data_key(7), other = data_key(8);
  EXPECT_EQ(key->kid(), same->kid());
  EXPECT_TRUE(secret::equal_constant_time(key->aead_key().reveal(), same->aead_key().reveal()));
  EXPECT_NE(key->kid(), other->kid());
  EXPECT_EQ(key->aead_key().size(), 32U);
  EXPECT_EQ(key->nonce_key().size(), 32U);
  EXPECT_FALSE(secret::equal_constant_time(key->aead_key().reveal(), key->nonce_key().reveal()));
  EXPECT_FALSE(secret::equal_constant_time(key->aead_key().reveal(), key->dek().reveal()));
  EXPECT_EQ(kid_text(key->kid()).find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(KeySet, keeps_the_order_and_seals_with_the_first) {
  const auto set = KeySet::make({data_key(3), data_key(1), data_key(2)}).value();
  ASSERT_EQ(set->keys().size(), 3U);
  EXPECT_EQ(set->sealing_key().kid(), data_key(3)->kid());
  EXPECT_EQ(set->keys()[2]->kid(), data_key(2)->kid());
}

TEST(KeySet, refuses_none_and_two_keys_with_one_key_id) {
  EXPECT_EQ(KeySet::make({}).error().code, ErrorCode::kMalformed);
  const auto collision = KeySet::make({data_key(1), data_key(2), data_key(1)});
  ASSERT_FALSE(collision.ok());
  EXPECT_EQ(collision.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(collision.error().position, 2U);
}

TEST(KeySet, holds_as_many_keys_as_the_limit_says_and_no_more) {
  std::vector<std::shared_ptr<const DataKey>> keys;
  for (std::size_t i = 0; i < limits::kLoadedKeys; ++i)
    keys.push_back(data_key(static_cast<std::uint8_t>(i)));
  EXPECT_TRUE(KeySet::make(keys).ok());
  keys.push_back(data_key(255));
  const auto refused = KeySet::make(keys);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::token
