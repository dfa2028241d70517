#include "host/vsock_proxy/egress.h"

#include <sys/socket.h>

#include <string>

#include <gtest/gtest.h>

namespace nes::vsock_proxy {
namespace {

// An egress on TCP, and a destination that says what it hears.
class EgressTest : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    destination_ = std::move(os::listen_on(*os::parse_endpoint("tcp:127.0.0.1:0"), 8)).value();
  }

  os::Endpoint destination() const {
    return os::with_port(*os::parse_endpoint("tcp:127.0.0.1:0"), os::bound_tcp_port(destination_.get()));
  }

  void start(const std::string& items, Egress::Options options = {}) {
    options.listen = *os::parse_endpoint("tcp:127.0.0.1:0");
    options.credentials.metadata = *parse_plain_url("http://127.0.0.1:1");
    egress_ = std::move(Egress::start(shared_, std::move(options),
                                      AllowList::parse("allowlist:\n" + items).value()))
                  .value();
  }

  os::UniqueFd client() {
    return std::move(os::connect_to(
                         os::with_port(*os::parse_endpoint("tcp:127.0.0.1:0"), egress_->tcp_port()), 2'000))
        .value();
  }

  // What comes back until it ends, or until `expected` is there.
  std::string exchange(const os::UniqueFd& client, std::string_view sent,
                       std::string_view expected = "\r\n\r\n") {
    EXPECT_EQ(::send(client.get(), sent.data(), sent.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(sent.size()));
    std::string received;
    for (int i = 0; i < 2'000 && received.find(expected) == std::string::npos; ++i) {
      loop_->run_once(2);
      char buffer[4096];
      const ssize_t size = ::recv(client.get(), buffer, sizeof buffer, 0);
      if (size == 0) break;
      if (size > 0) received.append(buffer, static_cast<std::size_t>(size));
    }
    return received;
  }

  static std::string connect_to(const std::string& authority) {
    return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
  }

  const base::SystemClock clock_;
  std::unique_ptr<os::EventLoop> loop_ = os::EventLoop::create(clock_).value();
  Metrics metrics_;
  const Report report_{Level::kError};
  Shared shared_{.loop = *loop_, .metrics = metrics_, .report = report_};
  os::UniqueFd destination_;
  std::unique_ptr<Egress> egress_;
};

TEST_F(EgressTest, carries_a_listed_name_and_what_was_sent_behind_the_head) {
  Egress::Options options;
  options.maps["kms.example"] = destination();
  start("- {address: kms.example, port: 443}\n", options);
  const os::UniqueFd peer = client();
  EXPECT_EQ(exchange(peer, connect_to("kms.example:443") + "early"),
            "HTTP/1.1 200 Connection established\r\n\r\n");
  const os::UniqueFd accepted(::accept(destination_.get(), nullptr, nullptr));
  ASSERT_TRUE(accepted);
  loop_->run_once(10);
  char buffer[16] = {};
  EXPECT_EQ(::recv(accepted.get(), buffer, sizeof buffer, 0), 5);
  EXPECT_STREQ(buffer, "early");
}

TEST_F(EgressTest, refuses_what_is_not_listed) {
  start("- {address: kms.example, port: 443}\n");
  for (const std::string authority :
       {"other.example:443", "kms.example:80", "127.0.0.1:443", "localhost:443"}) {
    const os::UniqueFd peer = client();
    EXPECT_TRUE(exchange(peer, connect_to(authority)).starts_with("HTTP/1.1 403 ")) << authority;
  }
  EXPECT_EQ(metrics_.errors(Cause::kRefused), 4U);
}

TEST_F(EgressTest, never_follows_a_name_to_an_address_that_is_not_for_everyone) {
  const std::string port = std::to_string(os::bound_tcp_port(destination_.get()));
  start("- {address: localhost, port: " + port + "}\n");
  const os::UniqueFd peer = client();
  const std::string answer = exchange(peer, connect_to("localhost:" + port));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
  EXPECT_NE(answer.find("destination_ip_prohibited"), std::string::npos);

  egress_->set_allow_list(AllowList::parse("allowlist:\n- {address: localhost, port: " + port +
                                           "}\n- {address: 127.0.0.1, port: " + port + "}\n")
                              .value());
  const os::UniqueFd again = client();
  EXPECT_TRUE(exchange(again, connect_to("localhost:" + port)).starts_with("HTTP/1.1 200 "));
}

TEST_F(EgressTest, answers_garbage_and_other_methods) {
  start("- {address: kms.example, port: 443}\n");
  const auto answer = [&](const std::string& sent) {
    const os::UniqueFd peer = client();
    return exchange(peer, sent).substr(0, 12);
  };
  EXPECT_EQ(answer("\x16\x03\x01\x02 garbage\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 405");
  EXPECT_EQ(answer("CONNECT kms.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(answer("CONNECT kms.example:443 HTTP/1.1\r\nX: " + std::string(9'000, 'x')), "HTTP/1.1 431");
  EXPECT_EQ(metrics_.errors(Cause::kMalformed), 4U);
}

TEST_F(EgressTest, says_that_a_destination_cannot_be_reached) {
  Egress::Options options;
  options.maps["kms.example"] = destination();
  destination_.reset();
  start("- {address: kms.example, port: 443}\n- {address: no-such-name.invalid, port: 443}\n", options);
  const os::UniqueFd peer = client();
  EXPECT_TRUE(exchange(peer, connect_to("kms.example:443")).starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(metrics_.errors(Cause::kConnect), 1U);
}

TEST_F(EgressTest, serves_one_cid_alone) {
  Egress::Options options;
  options.allowed_cid = 16;
  std::uint32_t cid = 17;
  options.peer_cid = [&](int) { return std::optional(cid); };
  options.maps["kms.example"] = destination();
  start("- {address: kms.example, port: 443}\n", options);
  const os::UniqueFd stranger = client();
  EXPECT_EQ(exchange(stranger, connect_to("kms.example:443")), "");
  EXPECT_EQ(metrics_.errors(Cause::kPeer), 1U);
  cid = 16;
  const os::UniqueFd enclave = client();
  EXPECT_TRUE(exchange(enclave, connect_to("kms.example:443")).starts_with("HTTP/1.1 200 "));
}

TEST_F(EgressTest, tells_that_there_are_no_credentials) {
  start("- {address: kms.example, port: 443}\n");
  const os::UniqueFd peer = client();
  EXPECT_TRUE(exchange(peer, connect_to("credentials:80")).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(exchange(peer, "GET /v1/credentials HTTP/1.1\r\nHost: credentials\r\n\r\n")
                  .starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(metrics_.errors(Cause::kCredentials), 1U);
  const os::UniqueFd other = client();
  exchange(other, connect_to("credentials:80"));
  EXPECT_TRUE(exchange(other, "GET /v2 HTTP/1.1\r\nHost: credentials\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

TEST_F(EgressTest, drains) {
  Egress::Options options;
  options.maps["kms.example"] = destination();
  start("- {address: kms.example, port: 443}\n", options);
  os::UniqueFd peer = client();
  exchange(peer, connect_to("kms.example:443"));
  bool idle = false;
  egress_->drain([&] { idle = true; });
  for (int i = 0; i < 5; ++i) loop_->run_once(1);
  EXPECT_FALSE(idle) << "what runs goes on";
  peer.reset();
  os::UniqueFd accepted(::accept(destination_.get(), nullptr, nullptr));
  accepted.reset();
  for (int i = 0; i < 50 && !idle; ++i) loop_->run_once(2);
  EXPECT_TRUE(idle);
}

}  // namespace
}  // namespace nes::vsock_proxy
