#include "tls/unverified_probe.h"

#include <sys/socket.h>

#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "tls/server.h"

namespace nes::tls {
namespace {

using os::StreamStatus;

const Bytes kNonce(32, 7);

class UnverifiedProbeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ::signal(SIGPIPE, SIG_IGN); }

  // A server with a certificate that no one else vouches for, and a probe that has shaken hands with it.
  void connect(const std::string& authority = "example.com:8443") {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    const std::vector<std::string> names{"nobody.example"};
    const auto context =
        ServerContext::create(boot_->issue(names, now_ms_, {}).value(), TicketKey::create().value(), {});
    server_ = context.value()->accept(os::UniqueFd(fds[0])).value();
    probe_ = UnverifiedProbe::create(os::UniqueFd(fds[1]), authority, kNonce).value();
    StreamStatus client = StreamStatus::kWantRead;
    StreamStatus server = StreamStatus::kWantRead;
    for (int i = 0; i < 100 && (client != StreamStatus::kOk || server != StreamStatus::kOk); ++i) {
      if (client != StreamStatus::kOk) client = probe_->handshake();
      if (server != StreamStatus::kOk) server = server_->handshake();
    }
    ASSERT_EQ(client, StreamStatus::kOk);
  }

  const std::int64_t now_ms_ = base::SystemClock().unix_ms();
  std::unique_ptr<BootIdentity> boot_ = BootIdentity::create(now_ms_).value();
  std::unique_ptr<os::Stream> server_;
  std::unique_ptr<UnverifiedProbe> probe_;
};

TEST_F(UnverifiedProbeTest, learns_the_key_and_the_chain_of_any_server) {
  connect();
  EXPECT_EQ(probe_->public_key_der(), boot_->public_key_der());
  EXPECT_EQ(probe_->chain_der().size(), 2U);
}

TEST_F(UnverifiedProbeTest, knows_nothing_before_the_handshake) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  const os::UniqueFd other(fds[0]);
  const auto probe = UnverifiedProbe::create(os::UniqueFd(fds[1]), "h", kNonce).value();
  EXPECT_TRUE(probe->public_key_der().empty());
  EXPECT_TRUE(probe->chain_der().empty());
  EXPECT_EQ(probe->handshake(), StreamStatus::kWantRead);
}

TEST_F(UnverifiedProbeTest, sends_its_request_in_pieces_and_nothing_behind_it) {
  connect();
  const std::string_view request = probe_->request();
  EXPECT_EQ(request, "GET /attestation?nonce=" + base::base64url_encode(kNonce) +
                         " HTTP/1.1\r\nHost: example.com:8443\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(probe_->write(request.substr(0, 5)).bytes, 5U);
  EXPECT_EQ(probe_->write(request.substr(5)).bytes, request.size() - 5);
  char received[512];
  const auto got = server_->read(received);
  EXPECT_EQ(std::string_view(received, got.bytes), request.substr(0, got.bytes));
  EXPECT_EQ(probe_->write(std::string_view("G")).status, StreamStatus::kFailed);
}

TEST_F(UnverifiedProbeTest, sends_no_other_bytes) {
  for (const std::string_view data : {"POST /encrypt", "GET /attestation?nonce=AAAA", "ET /"}) {
    connect();
    EXPECT_EQ(probe_->write(data).status, StreamStatus::kFailed) << data;
    EXPECT_EQ(probe_->write(probe_->request()).status, StreamStatus::kFailed) << data;
    char received[16];
    EXPECT_NE(server_->read(received).status, StreamStatus::kOk) << data;
  }
}

TEST_F(UnverifiedProbeTest, sends_its_request_once) {
  connect();
  EXPECT_EQ(probe_->write(probe_->request()).status, StreamStatus::kOk);
  EXPECT_EQ(probe_->write(probe_->request()).status, StreamStatus::kFailed);
}

TEST_F(UnverifiedProbeTest, takes_nonces_of_16_to_64_bytes) {
  const auto create = [](std::size_t size) {
    return UnverifiedProbe::create(os::UniqueFd(::dup(0)), "h", Bytes(size)).ok();
  };
  EXPECT_FALSE(create(0));
  EXPECT_FALSE(create(15));
  EXPECT_TRUE(create(16));
  EXPECT_TRUE(create(64));
  EXPECT_FALSE(create(65));
}

TEST_F(UnverifiedProbeTest, refuses_an_authority_that_could_end_the_header) {
  const auto create = [](const std::string& authority) {
    return UnverifiedProbe::create(os::UniqueFd(::dup(0)), authority, kNonce).ok();
  };
  for (const char* authority : {"h", "h:1", "10.0.0.1:443", "[::1]:443"}) EXPECT_TRUE(create(authority));
  for (const char* authority : {"", "h\r\nX: y", "h h", "h/", "h\t"}) EXPECT_FALSE(create(authority));
}

TEST_F(UnverifiedProbeTest, finds_the_boot_ca_in_the_chain) {
  connect();
  const auto pem = boot_ca_pem(probe_->chain_der(), probe_->public_key_der());
  ASSERT_TRUE(pem.ok());
  EXPECT_EQ(*pem, boot_->ca_pem());
}

TEST_F(UnverifiedProbeTest, finds_no_boot_ca_that_does_not_fit) {
  connect();
  const std::vector<Bytes> chain = probe_->chain_der();
  const auto code = [](const std::vector<Bytes>& certificates, const Bytes& key) {
    const auto pem = boot_ca_pem(certificates, key);
    return pem.ok() ? ErrorCode::kInternal : pem.error().code;
  };
  const Bytes& key = probe_->public_key_der();
  EXPECT_EQ(code({}, key), ErrorCode::kNotFound);
  EXPECT_EQ(code({chain[0]}, key), ErrorCode::kNotFound);
  EXPECT_EQ(code({chain[1], chain[0]}, key), ErrorCode::kNotFound);  // the leaf is no CA
  EXPECT_EQ(code({chain[0], chain[0]}, key), ErrorCode::kNotFound);
  const auto other = BootIdentity::create(now_ms_).value();
  EXPECT_EQ(code(chain, other->public_key_der()), ErrorCode::kNotFound);
  Bytes longer = chain[1];
  longer.push_back(0);
  EXPECT_EQ(code({chain[0], longer}, key), ErrorCode::kMalformed);
  EXPECT_EQ(code({chain[0], Bytes{1, 2, 3}}, key), ErrorCode::kMalformed);
}

TEST_F(UnverifiedProbeTest, finds_no_boot_ca_of_the_same_key_that_did_not_sign_the_leaf) {
  connect();
  std::vector<Bytes> chain = probe_->chain_der();
  chain[1].back() ^= 1;  // the CA's own signature, which says nothing about the leaf's
  EXPECT_TRUE(boot_ca_pem(chain, probe_->public_key_der()).ok());
  chain = probe_->chain_der();
  chain[0].back() ^= 1;
  EXPECT_FALSE(boot_ca_pem(chain, probe_->public_key_der()).ok());
}

}  // namespace
}  // namespace nes::tls
