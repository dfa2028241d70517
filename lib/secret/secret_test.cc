#include "secret/secret.h"

#include <cstring>
#include <utility>

#include <gtest/gtest.h>

namespace nes::secret {
namespace {

TEST(Secret, appends_grows_and_shrinks) {
  SecretBytes bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  ASSERT_EQ(bytes.size(), 1000U);
  EXPECT_EQ(bytes.reveal()[999], static_cast<std::uint8_t>(999));
  bytes.resize(3);
  EXPECT_EQ(base::hex_encode(bytes.reveal()), "000102");
  bytes.resize(5);
  EXPECT_EQ(base::hex_encode(bytes.reveal()), "0001020000") << "what comes back is zero";
}

TEST(Secret, wipes_what_clear_and_resize_leave_behind) {
  SecretBytes bytes = SecretBytes::copy_of(as_bytes("4111111111111111"));
  const std::uint8_t* memory = bytes.reveal().data();
  bytes.resize(4);
  for (std::size_t i = 4; i < 16; ++i)
    EXPECT_EQ(memory[i], 0) << i;  // capacity is kept, so this is still ours
  bytes.clear();
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(memory[i], 0) << i;
}

TEST(Secret, keeps_what_memory_it_is_told_to) {
  SecretBytes bytes(100);
  const std::uint8_t* memory = bytes.reveal().data();
  bytes.clear_keeping(100);
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(bytes.reveal().data(), memory);
  bytes.resize(10);
  bytes.clear_keeping(99);
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(bytes.reveal().data(), nullptr) << "it is the capacity that counts";
}

TEST(Secret, grows_for_a_writer_and_takes_back_what_was_not_written) {
  SecretBytes bytes = SecretBytes::copy_of(as_bytes("ab"));
  const ByteSpan room = bytes.grow_uninitialized(4);
  ASSERT_EQ(room.size(), 4U);
  room[0] = 'c';
  bytes.drop_unwritten(3);
  EXPECT_EQ(as_text(bytes.reveal()), "abc");
}

TEST(Secret, erases_from_the_front_and_wipes_what_it_leaves) {
  SecretBytes bytes = SecretBytes::copy_of(as_bytes("4111next"));
  const std::uint8_t* memory = bytes.reveal().data();
  bytes.erase_front(4);
  EXPECT_EQ(as_text(bytes.reveal()), "next");
  for (std::size_t i = 4; i < 8; ++i) EXPECT_EQ(memory[i], 0) << i;
  bytes.erase_front(0);
  EXPECT_EQ(as_text(bytes.reveal()), "next");
  bytes.erase_front(4);
  EXPECT_TRUE(bytes.empty());
  EXPECT_DEATH(bytes.erase_front(1), "check failed");
}

TEST(Secret, moves_leave_the_source_empty) {
  SecretBytes source = SecretBytes::copy_of(as_bytes("key"));
  SecretBytes target(std::move(source));
  EXPECT_EQ(as_text(target.reveal()), "key");
  EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  SecretBytes assigned = SecretBytes::copy_of(as_bytes("old"));
  assigned = std::move(target);
  EXPECT_EQ(as_text(assigned.reveal()), "key");
  EXPECT_TRUE(target.empty());  // NOLINT(bugprone-use-after-move): the old bytes are gone too
}

TEST(Secret, compares_in_constant_time_and_correctly) {
  const Bytes a{1, 2, 3};
  EXPECT_TRUE(equal_constant_time(a, Bytes{1, 2, 3}));
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2}));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes b = a;
      b[i] = static_cast<std::uint8_t>(b[i] ^ (1 << bit));
      EXPECT_FALSE(equal_constant_time(a, b));
    }
}

}  // namespace
}  // namespace nes::secret
