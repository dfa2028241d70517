#include "os/event_loop.h"

#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace nes::os {
namespace {

class FakeClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return now_ms; }
  std::int64_t unix_ms() const noexcept override { return now_ms; }
  std::int64_t now_ms = 1000;
};

struct Handler final : EventHandler {
  std::function<void(std::uint32_t)> action;
  int calls = 0;
  void on_events(std::uint32_t events) override {
    ++calls;
    if (action) action(events);
  }
};

struct Alarm final : Deadline {
  std::function<void()> action;
  int calls = 0;
  void on_deadline() override {
    ++calls;
    if (action) action();
  }
};

struct SocketPair {
  SocketPair() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    a = UniqueFd(fds[0]);
    b = UniqueFd(fds[1]);
  }
  UniqueFd a, b;
};

class EventLoopTest : public testing::Test {
 protected:
  FakeClock clock_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create(clock_).value();
};

TEST_F(EventLoopTest, reports_a_readable_descriptor_until_it_is_read) {
  SocketPair pair;
  Handler handler;
  ASSERT_TRUE(loop_->add(pair.a.get(), EPOLLIN, handler).ok());
  loop_->run_once(0);
  EXPECT_EQ(handler.calls, 0);
  ASSERT_EQ(::send(pair.b.get(), "x", 1, 0), 1);
  loop_->run_once(0);
  loop_->run_once(0);
  EXPECT_EQ(handler.calls, 2) << "level-triggered";
  loop_->modify(pair.a.get(), 0, handler);
  loop_->run_once(0);
  EXPECT_EQ(handler.calls, 2);
  loop_->remove(pair.a.get(), handler);
}

TEST_F(EventLoopTest, does_not_call_a_handler_that_was_removed_in_the_same_round) {
  SocketPair first, second;
  Handler one, two;
  const auto remove_both = [&](std::uint32_t) {
    loop_->remove(first.a.get(), one);
    loop_->remove(second.a.get(), two);
  };
  one.action = two.action = remove_both;
  ASSERT_TRUE(loop_->add(first.a.get(), EPOLLIN, one).ok());
  ASSERT_TRUE(loop_->add(second.a.get(), EPOLLIN, two).ok());
  ASSERT_EQ(::send(first.b.get(), "x", 1, 0), 1);
  ASSERT_EQ(::send(second.b.get(), "x", 1, 0), 1);
  loop_->run_once(0);
  EXPECT_EQ(one.calls + two.calls, 1);
}

TEST_F(EventLoopTest, expires_deadlines_in_their_order_and_not_before) {
  std::string order;
  Alarm early, late, other;
  early.action = [&] { order += 'e'; };
  late.action = [&] { order += 'l'; };
  other.action = [&] { order += 'o'; };
  loop_->arm(early, 100);
  loop_->arm(other, 50);
  clock_.now_ms += 10;
  loop_->run_once(0);
  loop_->arm(late, 100);
  clock_.now_ms = 1049;
  loop_->run_once(0);
  EXPECT_EQ(order, "");
  clock_.now_ms = 1050;
  loop_->run_once(0);
  EXPECT_EQ(order, "o");
  clock_.now_ms = 1100;
  loop_->run_once(0);
  EXPECT_EQ(order, "oe");
  clock_.now_ms = 1110;
  loop_->run_once(0);
  EXPECT_EQ(order, "oel");
}

TEST_F(EventLoopTest, a_deadline_counts_from_when_it_is_armed_however_long_the_round_was) {
  Alarm first, second;
  first.action = [&] {
    clock_.now_ms += 500;
    loop_->arm(second, 100);
  };
  loop_->arm(first, 10);
  clock_.now_ms += 10;
  loop_->run_once(0);
  EXPECT_EQ(first.calls, 1);
  clock_.now_ms += 99;
  loop_->run_once(0);
  EXPECT_EQ(second.calls, 0);
  clock_.now_ms += 1;
  loop_->run_once(0);
  EXPECT_EQ(second.calls, 1);
}

TEST_F(EventLoopTest, rearming_moves_a_deadline_and_disarming_ends_it) {
  Alarm moved, ended;
  loop_->arm(moved, 100);
  loop_->arm(ended, 100);
  ended.disarm();
  clock_.now_ms += 60;
  loop_->run_once(0);
  loop_->arm(moved, 100);
  clock_.now_ms += 60;
  loop_->run_once(0);
  EXPECT_EQ(moved.calls, 0);
  clock_.now_ms += 40;
  loop_->run_once(0);
  EXPECT_EQ(moved.calls, 1);
  EXPECT_FALSE(moved.armed());
  EXPECT_EQ(ended.calls, 0);
}

TEST_F(EventLoopTest, a_deadline_may_destroy_itself_or_arm_another_duration) {
  auto doomed = std::make_unique<Alarm>();
  Alarm next;
  doomed->action = [&] {
    for (int duration = 1000; duration < 1100; ++duration) loop_->arm(next, duration);
    doomed.reset();
  };
  loop_->arm(*doomed, 5);
  clock_.now_ms += 5;
  loop_->run_once(0);
  EXPECT_EQ(doomed, nullptr);
  EXPECT_TRUE(next.armed());
}

TEST_F(EventLoopTest, a_destroyed_deadline_is_forgotten) {
  {
    Alarm alarm;
    loop_->arm(alarm, 5);
  }
  clock_.now_ms += 10;
  loop_->run_once(0);
}

TEST(EventLoopThreads, runs_posted_work_in_order_on_its_own_thread_and_stops) {
  const base::SystemClock clock;
  const auto loop = EventLoop::create(clock).value();
  std::thread::id ran_on;
  std::vector<int> order;
  std::thread thread([&] { loop->run(); });
  const std::thread::id expected = thread.get_id();
  for (int i = 0; i < 100; ++i)
    loop->post([&order, &ran_on, i] {
      order.push_back(i);
      ran_on = std::this_thread::get_id();
    });
  loop->stop();
  thread.join();
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(ran_on, expected);
}

TEST(EventLoopThreads, wakes_up_for_a_deadline_by_itself) {
  const base::SystemClock clock;
  const std::int64_t before = clock.monotonic_ms();  // the loop's own reading of the time is no earlier
  const auto loop = EventLoop::create(clock).value();
  Alarm alarm;
  alarm.action = [&] { loop->stop(); };
  loop->arm(alarm, 20);
  loop->run();
  EXPECT_GE(clock.monotonic_ms() - before, 20);
}

}  // namespace
}  // namespace nes::os
