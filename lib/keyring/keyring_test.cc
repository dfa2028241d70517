#include "keyring/keyring.h"

#include <functional>

#include <gtest/gtest.h>

namespace nes::keyring {
namespace {

struct FakeSource final : KeySource {
  std::function<Result<FetchedKeys>()> answer;
  Result<FetchedKeys> fetch() override { return answer(); }
};

secret::SecretBytes dek(std::uint8_t fill) {
  secret::SecretBytes bytes(32);
  for (std::uint8_t& byte : bytes.reveal_mutable()) byte = fill;
  return bytes;
}

FetchedKeys keys_of(const std::vector<std::uint8_t>& fills) {
  FetchedKeys keys;
  for (const std::uint8_t fill : fills) keys.keys.push_back({dek(fill), "version-" + std::to_string(fill)});
  return keys;
}

class KeyringTest : public testing::Test {
 protected:
  void serve(std::vector<std::uint8_t> fills) {
    source_.answer = [fills] { return keys_of(fills); };
  }
  FakeSource source_;
  Keyring keyring_{source_};
};

TEST_F(KeyringTest, has_no_keys_before_the_first_refresh) { EXPECT_EQ(keyring_.keys().get(), nullptr); }

TEST_F(KeyringTest, publishes_the_keys_of_its_source_newest_first) {
  serve({2, 1});
  EXPECT_TRUE(keyring_.refresh()->changed);
  const auto keys = keyring_.keys().get();
  ASSERT_EQ(keys->keys().size(), 2U);
  EXPECT_EQ(keys->sealing_key().dek().reveal()[0], 2);
}

TEST_F(KeyringTest, publishes_nothing_new_when_nothing_changed) {
  serve({2, 1});
  ASSERT_TRUE(keyring_.refresh().ok());
  const auto before = keyring_.keys().get();
  EXPECT_FALSE(keyring_.refresh()->changed);
  EXPECT_EQ(keyring_.keys().get(), before);
  serve({1, 2});  // the same keys, but another one seals
  EXPECT_TRUE(keyring_.refresh()->changed);
}

TEST_F(KeyringTest, keeps_the_last_good_set_when_the_source_fails) {
  serve({1});
  ASSERT_TRUE(keyring_.refresh().ok());
  const auto before = keyring_.keys().get();
  source_.answer = [] { return Result<FetchedKeys>(Error{ErrorCode::kIo, "no answer"}); };
  EXPECT_EQ(keyring_.refresh().error().code, ErrorCode::kIo);
  EXPECT_EQ(keyring_.keys().get(), before);
}

TEST_F(KeyringTest, refuses_an_empty_source_and_keys_of_a_wrong_size_whole) {
  serve({});
  EXPECT_EQ(keyring_.refresh().error().code, ErrorCode::kMalformed);
  for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{33}}) {
    source_.answer = [size] {
      FetchedKeys keys = keys_of({1});
      keys.keys.push_back({secret::SecretBytes(size), "x"});
      return Result<FetchedKeys>(std::move(keys));
    };
    EXPECT_EQ(keyring_.refresh().error().code, ErrorCode::kMalformed) << size;
  }
  EXPECT_EQ(keyring_.keys().get(), nullptr);
}

TEST_F(KeyringTest, takes_one_key_that_is_listed_twice_once) {
  serve({2, 1, 2});
  const auto outcome = keyring_.refresh();
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->refused, 0U);
  EXPECT_EQ(keyring_.keys().get()->keys().size(), 2U);
}

TEST_F(KeyringTest, seals_with_the_key_that_the_source_names_whatever_its_age) {
  source_.answer = [] {
    FetchedKeys keys = keys_of({3, 2, 1});
    keys.sealing = 1;
    return Result<FetchedKeys>(std::move(keys));
  };
  ASSERT_TRUE(keyring_.refresh().ok());
  const auto keys = keyring_.keys().get();
  ASSERT_EQ(keys->keys().size(), 3U);
  EXPECT_EQ(keys->keys()[0]->dek().reveal()[0], 2);
  EXPECT_EQ(keys->keys()[1]->dek().reveal()[0], 3);
  EXPECT_EQ(keys->keys()[2]->dek().reveal()[0], 1);
}

TEST_F(KeyringTest, knows_which_version_each_key_is) {
  serve({2, 1, 2});
  ASSERT_TRUE(keyring_.refresh().ok());
  const auto keys = keyring_.keys().get();
  const auto ids = keyring_.version_ids().get();
  ASSERT_EQ(ids->size(), 2U);
  EXPECT_EQ(ids->at(keys->keys()[0]->kid()), "version-2");
  EXPECT_EQ(ids->at(keys->keys()[1]->kid()), "version-1");
}

TEST_F(KeyringTest, passes_on_how_many_keys_the_source_could_not_read) {
  source_.answer = [] {
    FetchedKeys keys = keys_of({1});
    keys.unreadable = 2;
    return Result<FetchedKeys>(std::move(keys));
  };
  EXPECT_EQ(keyring_.refresh()->unreadable, 2U);
}

}  // namespace
}  // namespace nes::keyring
