#include "host/vsock_proxy/relay.h"

#include <sys/socket.h>

#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "os/endpoint.h"

namespace nes::vsock_proxy {
namespace {

struct Pair {
  os::UniqueFd outer;  // the test's end
  os::UniqueFd inner;  // the relay's
};

Pair tcp_pair() {
  const auto listener = os::listen_on(*os::parse_endpoint("tcp:127.0.0.1:0"), 1);
  auto outer = os::connect_to(
      os::with_port(*os::parse_endpoint("tcp:127.0.0.1:0"), os::bound_tcp_port(listener->get())), 2'000);
  os::UniqueFd inner;
  while (!inner)
    inner = os::UniqueFd(::accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return {std::move(outer).value(), std::move(inner)};
}

Pair unix_pair() {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  return {os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
}

// Between two sockets of each kind.
class RelayTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    Pair first = tcp_pair();
    Pair second = GetParam() ? tcp_pair() : unix_pair();
    first_ = std::move(first.outer);
    second_ = std::move(second.outer);
    relay_ = std::make_unique<Relay>(*loop_, pipes_, std::move(first.inner), std::move(second.inner), bytes_,
                                     [this](RelayEnd end) {
                                       ended_ = end;
                                       relay_.reset();
                                     });
    ASSERT_TRUE(relay_->start().ok());
  }
  void rounds(int count = 20) {
    for (int i = 0; i < count; ++i) loop_->run_once(1);
  }
  static void put(const os::UniqueFd& fd, std::string_view text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // What has arrived; nothing at the end of the stream; errno is set for a failure.
  static std::optional<std::string> got(const os::UniqueFd& fd) {
    char buffer[65536];
    const ssize_t size = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (size > 0) return std::string(buffer, static_cast<std::size_t>(size));
    if (size < 0) return std::string(errno == EAGAIN ? "" : "<failed>");
    return {};
  }

  const base::SystemClock clock_;
  std::unique_ptr<os::EventLoop> loop_ = os::EventLoop::create(clock_).value();
  PipePool pipes_;
  Relay::Bytes bytes_;
  std::optional<RelayEnd> ended_;
  os::UniqueFd first_;
  os::UniqueFd second_;
  std::unique_ptr<Relay> relay_;
};

TEST_P(RelayTest, carries_both_ways) {
  put(first_, "hello");
  put(second_, "world!");
  rounds();
  EXPECT_EQ(got(second_), "hello");
  EXPECT_EQ(got(first_), "world!");
  EXPECT_EQ(bytes_.to_second, 5U);
  EXPECT_EQ(bytes_.to_first, 6U);
}

TEST_P(RelayTest, carries_the_end_of_each_way_by_itself) {
  put(first_, "question");
  ::shutdown(first_.get(), SHUT_WR);
  rounds();
  EXPECT_EQ(got(second_), "question");
  EXPECT_EQ(got(second_), std::nullopt);
  put(second_, "answer");
  rounds();
  EXPECT_EQ(got(first_), "answer") << "the other way is still open";
  EXPECT_FALSE(ended_);
  ::shutdown(second_.get(), SHUT_WR);
  rounds();
  EXPECT_EQ(got(first_), std::nullopt);
  EXPECT_EQ(ended_, RelayEnd::kComplete);
}

TEST_P(RelayTest, carries_megabytes_unchanged_to_a_slow_reader_without_holding_them) {
  std::mt19937 random(1);
  std::string sent(std::size_t{6} << 20, '\0');
  for (char& c : sent) c = static_cast<char>(random());
  std::string received;
  std::size_t put = 0;
  std::size_t most_inside = 0;
  while (received.size() < sent.size()) {
    if (put < sent.size()) {
      const ssize_t size =
          ::send(first_.get(), sent.data() + put, sent.size() - put, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size > 0) put += static_cast<std::size_t>(size);
      if (put == sent.size()) ::shutdown(first_.get(), SHUT_WR);
    }
    loop_->run_once(1);
    char buffer[3'000];
    const ssize_t size = ::recv(second_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (size > 0) received.append(buffer, static_cast<std::size_t>(size));
    most_inside = std::max<std::size_t>(most_inside, bytes_.to_second - received.size());
  }
  EXPECT_EQ(received, sent);
  EXPECT_LT(most_inside, sent.size()) << "what the reader does not take stays with the sender";
}

TEST_P(RelayTest, a_reset_of_one_side_resets_the_other) {
  put(first_, "half a me");
  rounds();
  EXPECT_EQ(got(second_), "half a me");
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(first_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  first_.reset();
  rounds();
  EXPECT_EQ(ended_, RelayEnd::kFailed);
  if (GetParam()) {
    EXPECT_EQ(got(second_), "<failed>") << "a cut stream does not pass for a whole one";
  }
}

TEST_P(RelayTest, what_was_sent_before_the_close_still_arrives) {
  put(second_, "last words");
  second_.reset();
  rounds();
  EXPECT_EQ(got(first_), "last words");
  EXPECT_EQ(got(first_), std::nullopt);
}

TEST_P(RelayTest, can_be_cut) {
  relay_->cut();
  relay_.reset();
  rounds(2);
  EXPECT_NE(got(first_), "");
  EXPECT_FALSE(ended_);
}

INSTANTIATE_TEST_SUITE_P(Sockets, RelayTest, testing::Bool(),
                         [](const auto& its) { return its.param ? "tcp_and_tcp" : "tcp_and_unix"; });

}  // namespace
}  // namespace nes::vsock_proxy
