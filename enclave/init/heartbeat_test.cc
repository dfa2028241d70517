#include "enclave/init/heartbeat.h"

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace nes::init {
namespace {

constexpr int kTimeoutMs = 2000;
constexpr int kShortMs = 50;

// A parent that takes one connection, reads the byte and answers with `answer`, or with the end of the
// stream.
class Parent {
 public:
  explicit Parent(std::optional<std::uint8_t> answer) {
    auto listener = os::listen_on(*os::parse_endpoint("tcp:127.0.0.1:0"), 1);
    endpoint = os::with_port(*os::parse_endpoint("tcp:127.0.0.1:0"), os::bound_tcp_port(listener->get()));
    thread_ = std::thread([this, answer, fd = std::move(listener).value()] {
      os::UniqueFd peer;
      while (!peer) peer = os::UniqueFd(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
      EXPECT_EQ(::recv(peer.get(), &received, 1, MSG_WAITALL), 1);
      if (answer) {
        EXPECT_EQ(::send(peer.get(), &*answer, 1, MSG_NOSIGNAL), 1);
      }
    });
  }
  ~Parent() { thread_.join(); }
  Parent(const Parent&) = delete;
  Parent& operator=(const Parent&) = delete;

  os::Endpoint endpoint;
  std::uint8_t received = 0;

 private:
  std::thread thread_;
};

TEST(Heartbeat, is_one_byte_that_comes_back) {
  Parent parent(0xB7);
  EXPECT_TRUE(heartbeat(parent.endpoint, kTimeoutMs).ok());
  EXPECT_EQ(parent.received, 0xB7);
}

TEST(Heartbeat, does_not_take_another_byte_for_an_answer) {
  Parent parent(0xB6);
  const auto answered = heartbeat(parent.endpoint, kTimeoutMs);
  ASSERT_FALSE(answered.ok());
  EXPECT_EQ(answered.error().code, ErrorCode::kMalformed);
}

TEST(Heartbeat, does_not_take_the_end_for_an_answer) {
  Parent parent(std::nullopt);
  const auto answered = heartbeat(parent.endpoint, kTimeoutMs);
  ASSERT_FALSE(answered.ok());
  EXPECT_EQ(answered.error().code, ErrorCode::kTruncated);
}

TEST(Heartbeat, waits_no_longer_than_told) {
  const auto listener = os::listen_on(*os::parse_endpoint("tcp:127.0.0.1:0"), 1);
  const auto silent =
      os::with_port(*os::parse_endpoint("tcp:127.0.0.1:0"), os::bound_tcp_port(listener->get()));
  const auto answered = heartbeat(silent, kShortMs);
  ASSERT_FALSE(answered.ok());
  EXPECT_EQ(answered.error().code, ErrorCode::kTimeout);
}

TEST(Heartbeat, says_that_nobody_is_there) {
  auto listener = os::listen_on(*os::parse_endpoint("tcp:127.0.0.1:0"), 1);
  const auto gone =
      os::with_port(*os::parse_endpoint("tcp:127.0.0.1:0"), os::bound_tcp_port(listener->get()));
  listener->reset();
  const auto answered = heartbeat(gone, kTimeoutMs);
  ASSERT_FALSE(answered.ok());
  EXPECT_EQ(answered.error().code, ErrorCode::kIo);
  EXPECT_EQ(answered.error().position, static_cast<std::uint64_t>(ECONNREFUSED));
}

}  // namespace
}  // namespace nes::init
