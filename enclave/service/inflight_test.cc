#include "enclave/service/inflight.h"

#include <gtest/gtest.h>

#include "enclave/service/service_for_test.h"

namespace nes::service {
namespace {

constexpr std::size_t kMost = 1'000;

class Inflight : public testing::Test {
 protected:
  // The code of the refusal; kInternal for none.
  static ErrorCode hold(AnswerRoom& room, std::size_t bytes) {
    const auto held = room.hold(bytes);
    return held.ok() ? ErrorCode::kInternal : held.error().code;
  }

  ServiceForTest service_{"a", "openapi: 3.1.0\n", kMost};
  std::atomic<std::uint64_t>& total_ = service_.state().status.inflight_bytes;
};

TEST_F(Inflight, bytes_count_until_they_die) {
  {
    InflightBytes bytes, others;
    EXPECT_TRUE(bytes.grow(total_, 600, kMost));
    EXPECT_FALSE(others.grow(total_, 401, kMost));
    EXPECT_EQ(total_, 600U) << "what was refused does not count";
    EXPECT_TRUE(others.grow(total_, 400, kMost));
    EXPECT_FALSE(bytes.grow(total_, 601, kMost));
    EXPECT_EQ(bytes.size(), 600U);
    bytes.set(total_, 700);
    EXPECT_EQ(total_, 1'100U) << "what is there counts";
    bytes.set(total_, 1);
    others.clear();
    EXPECT_EQ(total_, 1U);
  }
  EXPECT_EQ(total_, 0U);
}

TEST_F(Inflight, small_answers_are_made_whatever_is_held) {
  total_ = kMost + 1;
  InflightBytes counted;
  AnswerRoom room(service_.state(), counted, 100);
  room.begin(50, 0);
  EXPECT_EQ(hold(room, 100), ErrorCode::kInternal);
  EXPECT_EQ(hold(room, 101), ErrorCode::kOverloaded);
  EXPECT_EQ(total_, kMost + 1);
}

TEST_F(Inflight, what_is_paid_for_is_not_counted_and_the_rest_is) {
  InflightBytes counted;
  AnswerRoom room(service_.state(), counted, 100);
  room.begin(50, 0);
  EXPECT_EQ(hold(room, 300), ErrorCode::kInternal);
  EXPECT_EQ(total_, 200U);
  EXPECT_EQ(hold(room, 120), ErrorCode::kInternal);
  EXPECT_EQ(total_, 200U);
  room.begin(50, 300);
  EXPECT_EQ(hold(room, 500), ErrorCode::kInternal);
  EXPECT_EQ(total_, 700U) << "one is behind the other";
  room.end(90);
  EXPECT_EQ(total_, 0U);
  room.end(3'000);
  EXPECT_EQ(total_, 2'900U) << "what there is counts, although nobody was asked";
}

TEST_F(Inflight, what_can_never_be_held_is_told_from_what_cannot_be_held_now) {
  InflightBytes counted;
  AnswerRoom room(service_.state(), counted, 0);
  room.begin(400, 0);
  total_ = 400;  // its request
  EXPECT_EQ(hold(room, 601), ErrorCode::kBodyTooLarge);
  EXPECT_EQ(hold(room, 600), ErrorCode::kInternal);
  counted.clear();
  total_ = 401;
  EXPECT_EQ(hold(room, 600), ErrorCode::kOverloaded);
  EXPECT_EQ(hold(room, 599), ErrorCode::kInternal);
}

}  // namespace
}  // namespace nes::service
