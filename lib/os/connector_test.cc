#include "os/connector.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace nes::os {
namespace {

class ConnectorTest : public testing::Test {
 protected:
  // Runs the loop until an attempt has its outcome.
  Result<UniqueFd> outcome_of(const Endpoint& endpoint, std::int64_t timeout_ms = 2'000) {
    std::optional<Result<UniqueFd>> outcome;
    connector_.start(endpoint, timeout_ms, [&](Result<UniqueFd> got) { outcome = std::move(got); });
    EXPECT_FALSE(outcome) << "never from within start()";
    while (!outcome) {
      if (serve_) serve_();
      loop_->run_once(5);
    }
    EXPECT_FALSE(connector_.busy());
    return std::move(*outcome);
  }

  // A uds peer that answers the request with `answer`, split as given.
  Result<UniqueFd> outcome_of_uds(const std::vector<std::string>& answer, std::int64_t timeout_ms = 2'000) {
    char name[] = "/tmp/nes-connector-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name);
    // Whoever listens at PATH_PORT is found under PATH, as a vsock daemon has it.
    const std::string path = (folder / "v").string();
    auto listener = listen_on({.transport = Transport::kUds, .host = path, .port = 7}, 4);
    EXPECT_TRUE(listener.ok());
    UniqueFd peer;
    std::size_t next = 0;
    serve_ = [&] {
      if (!peer) peer = UniqueFd(::accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK));
      if (!peer) return;
      char buffer[64];
      const ssize_t got = ::recv(peer.get(), buffer, sizeof buffer, 0);
      if (got > 0) request_.append(buffer, static_cast<std::size_t>(got));
      if (request_.empty() || next == answer.size()) return;
      EXPECT_EQ(::send(peer.get(), answer[next].data(), answer[next].size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(answer[next].size()));
      if (++next == answer.size() && answer.back().empty()) peer.reset();
    };
    auto outcome = outcome_of({.transport = Transport::kUds, .host = path + "_7", .port = 443}, timeout_ms);
    serve_ = nullptr;
    kept_ = std::move(peer);
    std::filesystem::remove_all(folder);
    return outcome;
  }

  const base::SystemClock clock_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create(clock_).value();
  Connector connector_{*loop_};
  std::function<void()> serve_;
  std::string request_;
  UniqueFd kept_;
};

TEST_F(ConnectorTest, connects_over_tcp_and_again) {
  const auto listener = listen_on(*parse_endpoint("tcp:127.0.0.1:0"), 8);
  ASSERT_TRUE(listener.ok());
  const Endpoint there = with_port(*parse_endpoint("tcp:127.0.0.1:0"), bound_tcp_port(listener->get()));
  EXPECT_TRUE(outcome_of(there).ok());
  EXPECT_TRUE(outcome_of(there).ok());
}

TEST_F(ConnectorTest, tells_that_nobody_listens) {
  std::uint16_t port = 0;
  {
    const auto listener = listen_on(*parse_endpoint("tcp:127.0.0.1:0"), 8);
    port = bound_tcp_port(listener->get());
  }
  const auto outcome = outcome_of(with_port(*parse_endpoint("tcp:127.0.0.1:0"), port));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::kIo);
  EXPECT_EQ(outcome.error().position, static_cast<std::uint64_t>(ECONNREFUSED));
  EXPECT_EQ(outcome_of(*parse_endpoint("uds:/nonexistent/v:1")).error().position,
            static_cast<std::uint64_t>(ENOENT));
}

TEST_F(ConnectorTest, takes_the_ok_of_a_uds_peer_and_nothing_behind_it) {
  const auto outcome = outcome_of_uds({"O", "K 10", "24\nhello"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(request_, "CONNECT 443\n");
  char buffer[16] = {};
  EXPECT_EQ(::recv(outcome->get(), buffer, sizeof buffer, 0), 5);
  EXPECT_STREQ(buffer, "hello");
}

TEST_F(ConnectorTest, refuses_another_answer_of_a_uds_peer) {
  for (const std::vector<std::string>& answer :
       {std::vector<std::string>{"NO 1\n"}, {"OK\n"}, {std::string(40, 'O') + "\n"}, {"OK 1", ""}})
    EXPECT_EQ(outcome_of_uds(answer).error().code, ErrorCode::kMalformed) << answer.front();
}

TEST_F(ConnectorTest, gives_a_silent_uds_peer_up_in_time) {
  EXPECT_EQ(outcome_of_uds({}, 50).error().code, ErrorCode::kTimeout);
}

TEST_F(ConnectorTest, can_be_destroyed_while_it_connects) {
  const auto listener = listen_on(*parse_endpoint("tcp:127.0.0.1:0"), 8);
  const Endpoint there = with_port(*parse_endpoint("tcp:127.0.0.1:0"), bound_tcp_port(listener->get()));
  {
    Connector other(*loop_);
    other.start(there, 1'000, [](const Result<UniqueFd>&) { FAIL(); });
  }
  loop_->run_once(10);
}

}  // namespace
}  // namespace nes::os
