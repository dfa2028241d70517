#include "tls/client.h"

#include <sys/socket.h>

#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "tls/server.h"

namespace nes::tls {
namespace {

using os::StreamStatus;

constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

struct Pair {
  std::unique_ptr<os::Stream> server;
  std::unique_ptr<os::Stream> client;
  StreamStatus server_status = StreamStatus::kWantRead;
  StreamStatus client_status = StreamStatus::kWantRead;

  bool handshake() {
    const auto done = [](StreamStatus status) {
      return status == StreamStatus::kOk || status == StreamStatus::kFailed ||
             status == StreamStatus::kClosed;
    };
    for (int i = 0; i < 100 && !(done(server_status) && done(client_status)); ++i) {
      if (!done(client_status)) client_status = client->handshake();
      if (!done(server_status)) server_status = server->handshake();
    }
    return client_status == StreamStatus::kOk && server_status == StreamStatus::kOk;
  }
};

class ClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ::signal(SIGPIPE, SIG_IGN); }

  Pair connect(const std::vector<std::string>& names, const std::string& host, std::int64_t shift_ms = 0,
               ServerContext::Options options = {.min_version = Version::kTls12}) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    const auto context =
        ServerContext::create(boot_->issue(names, now_ms_ + shift_ms, {}).value(), ticket_key_, options);
    Pair pair;
    pair.server = context.value()->accept(os::UniqueFd(fds[0])).value();
    pair.client = client_->connect(os::UniqueFd(fds[1]), host).value();
    return pair;
  }

  const std::int64_t now_ms_ = base::SystemClock().unix_ms();
  std::unique_ptr<BootIdentity> boot_ = BootIdentity::create(now_ms_ - 30 * kDayMs).value();
  std::shared_ptr<const TicketKey> ticket_key_ = TicketKey::create().value();
  std::shared_ptr<const ClientContext> client_ = ClientContext::create(boot_->ca_pem()).value();
};

TEST_F(ClientTest, carries_data_both_ways_and_sees_the_end) {
  Pair pair = connect({"kms.us-east-1.amazonaws.com"}, "kms.us-east-1.amazonaws.com");
  ASSERT_TRUE(pair.handshake());
  EXPECT_EQ(pair.client->write(std::string_view("ping")).bytes, 4U);
  char buffer[64];
  ASSERT_EQ(pair.server->read(buffer).bytes, 4U);
  EXPECT_EQ(pair.server->write(std::string_view("pong")).bytes, 4U);
  ASSERT_EQ(pair.client->read(buffer).bytes, 4U);
  EXPECT_EQ(std::string_view(buffer, 4), "pong");
  EXPECT_EQ(pair.client->read(buffer).status, StreamStatus::kWantRead);
  pair.server->end();
  EXPECT_EQ(pair.client->read(buffer).status, StreamStatus::kClosed);
}

TEST_F(ClientTest, a_connection_that_ends_without_close_notify_has_failed) {
  Pair pair = connect({"localhost"}, "localhost");
  ASSERT_TRUE(pair.handshake());
  pair.server.reset();
  char buffer[64];
  EXPECT_EQ(pair.client->read(buffer).status, StreamStatus::kFailed);
}

TEST_F(ClientTest, accepts_the_names_and_addresses_that_the_certificate_has) {
  EXPECT_TRUE(connect({"localhost", "127.0.0.1"}, "127.0.0.1").handshake());
  EXPECT_TRUE(connect({"localhost", "::1"}, "::1").handshake());
  EXPECT_TRUE(connect({"*.s3.us-east-1.amazonaws.com"}, "bucket.s3.us-east-1.amazonaws.com").handshake());
  EXPECT_TRUE(connect({"localhost"}, "LOCALHOST").handshake());
}

TEST_F(ClientTest, refuses_a_certificate_for_another_name) {
  EXPECT_FALSE(connect({"localhost"}, "kms.us-east-1.amazonaws.com").handshake());
  EXPECT_FALSE(connect({"localhost"}, "127.0.0.1").handshake());
  EXPECT_FALSE(connect({"127.0.0.1"}, "localhost").handshake());
  EXPECT_FALSE(connect({"*.s3.amazonaws.com"}, "my.bucket.s3.amazonaws.com").handshake());
  EXPECT_FALSE(connect({"*.s3.amazonaws.com"}, "s3.amazonaws.com").handshake());
  // The common name of every leaf here; it counts for nothing.
  EXPECT_FALSE(connect({"localhost"}, "nitro-enc-svc").handshake());
}

TEST_F(ClientTest, refuses_a_certificate_of_another_ca) {
  client_ = ClientContext::create(BootIdentity::create(now_ms_).value()->ca_pem()).value();
  EXPECT_FALSE(connect({"localhost"}, "localhost").handshake());
}

TEST_F(ClientTest, refuses_a_certificate_out_of_its_time) {
  EXPECT_FALSE(connect({"localhost"}, "localhost", -2 * kDayMs).handshake());
  EXPECT_FALSE(connect({"localhost"}, "localhost", 2 * kDayMs).handshake());
  EXPECT_TRUE(connect({"localhost"}, "localhost", -kDayMs / 2).handshake());
}

TEST_F(ClientTest, trusts_every_certificate_of_the_bundle) {
  const std::string other = BootIdentity::create(now_ms_).value()->ca_pem();
  client_ = ClientContext::create(other + boot_->ca_pem()).value();
  EXPECT_TRUE(connect({"localhost"}, "localhost").handshake());
}

TEST_F(ClientTest, refuses_a_bundle_that_is_no_list_of_certificates) {
  for (const std::string& pem :
       {std::string(), std::string("no PEM"),
        boot_->ca_pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    const auto context = ClientContext::create(pem);
    ASSERT_FALSE(context.ok());
    EXPECT_EQ(context.error().code, ErrorCode::kMalformed);
  }
}

TEST_F(ClientTest, refuses_a_host_that_no_server_can_have) {
  EXPECT_FALSE(client_->connect(os::UniqueFd(), "").ok());
  EXPECT_FALSE(client_->connect(os::UniqueFd(), std::string("a\0b", 3)).ok());
}

TEST_F(ClientTest, fails_on_a_peer_that_speaks_something_else) {
  Pair pair = connect({"localhost"}, "localhost");
  EXPECT_EQ(pair.client->handshake(), StreamStatus::kWantRead);
  constexpr std::string_view kPlain = "HTTP/1.1 400 Bad Request\r\n\r\n";
  ASSERT_EQ(::send(pair.server->fd(), kPlain.data(), kPlain.size(), 0), static_cast<ssize_t>(kPlain.size()));
  EXPECT_EQ(pair.client->handshake(), StreamStatus::kFailed);
}

}  // namespace
}  // namespace nes::tls
