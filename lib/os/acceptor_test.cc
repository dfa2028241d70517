#include "os/acceptor.h"

#include <sys/resource.h>

#include <cerrno>
#include <vector>

#include <gtest/gtest.h>

#include "os/endpoint.h"

namespace nes::os {
namespace {

class AcceptorTest : public testing::Test {
 protected:
  UniqueFd client() { return std::move(connect_to(here(), 2'000)).value(); }
  Endpoint here() const {
    return with_port(*parse_endpoint("tcp:127.0.0.1:0"), bound_tcp_port(listener_.get()));
  }

  const base::SystemClock clock_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create(clock_).value();
  UniqueFd listener_ = std::move(listen_on(*parse_endpoint("tcp:127.0.0.1:0"), 64)).value();
  std::vector<UniqueFd> accepted_;
  std::vector<std::uint64_t> pauses_;
  Acceptor acceptor_{*loop_, listener_.get(), [this](UniqueFd fd) { accepted_.push_back(std::move(fd)); },
                     [this](std::uint64_t system_error) { pauses_.push_back(system_error); }};
};

TEST_F(AcceptorTest, hands_over_each_connection_once) {
  ASSERT_TRUE(acceptor_.start().ok());
  const UniqueFd one = client();
  const UniqueFd two = client();
  for (int i = 0; i < 10; ++i) loop_->run_once(1);
  EXPECT_EQ(accepted_.size(), 2U);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(AcceptorTest, takes_the_rest_of_the_queue_without_the_loop) {
  const UniqueFd one = client();
  const UniqueFd two = client();
  acceptor_.accept_rest();
  EXPECT_EQ(accepted_.size(), 2U);
}

TEST_F(AcceptorTest, rests_while_there_are_no_descriptors_and_then_goes_on) {
  ASSERT_TRUE(acceptor_.start().ok());
  const UniqueFd waiting = client();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int i = 0; i < 5; ++i) loop_->run_once(1);
  EXPECT_EQ(pauses_, std::vector<std::uint64_t>{EMFILE}) << "once, and no busy loop";
  EXPECT_TRUE(accepted_.empty());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  for (int i = 0; i < 200 && accepted_.empty(); ++i) loop_->run_once(10);
  EXPECT_EQ(accepted_.size(), 1U);
}

}  // namespace
}  // namespace nes::os
