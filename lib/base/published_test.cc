#include "base/published.h"

#include <thread>

#include <gtest/gtest.h>

namespace nes::base {
namespace {

TEST(Published, gives_null_before_the_first_value) {
  const Published<int> published;
  Subscription<int> subscription(published);
  EXPECT_FALSE(subscription.update());
  EXPECT_EQ(subscription.value(), nullptr);
}

TEST(Published, tells_a_subscriber_once_of_each_value) {
  Published<int> published;
  Subscription<int> subscription(published);
  published.publish(std::make_shared<const int>(1));
  EXPECT_TRUE(subscription.update());
  EXPECT_FALSE(subscription.update());
  EXPECT_EQ(*subscription.value(), 1);
  published.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*subscription.value(), 1) << "until it asks";
  EXPECT_TRUE(subscription.update());
  EXPECT_EQ(*subscription.value(), 2);
}

TEST(Published, keeps_a_former_value_alive_while_someone_holds_it) {
  Published<int> published;
  published.publish(std::make_shared<const int>(1));
  const auto held = published.get();
  published.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*held, 1);
}

TEST(Published, a_reader_on_another_thread_sees_values_in_order_and_the_last_one) {
  Published<int> published;
  constexpr int kLast = 20'000;
  std::thread writer([&] {
    for (int i = 1; i <= kLast; ++i) published.publish(std::make_shared<const int>(i));
  });
  Subscription<int> subscription(published);
  int last = 0;
  while (last != kLast) {
    if (!subscription.update()) continue;
    EXPECT_GE(*subscription.value(), last);
    last = *subscription.value();
  }
  writer.join();
}

}  // namespace
}  // namespace nes::base
