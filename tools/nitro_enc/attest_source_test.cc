#include "tools/nitro_enc/attest_source.h"

#include <poll.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "aws/transfer.h"
#include "base/limits.h"
#include "os/endpoint.h"
#include "tls/server.h"

namespace nes::nitro_enc {
namespace {

const Bytes kNonce(32, 9);

TEST(DecodeDocument, takes_binary_and_base64) {
  const Bytes document{0x84, 0x44, 0x01};
  EXPECT_EQ(*decode_document(as_text(document)), document);
  EXPECT_EQ(*decode_document("hEQB"), document);
  EXPECT_EQ(*decode_document(" hE\r\n\tQB\n"), document);
  for (const char* text : {"", "\n", "hEQ", "hEQB=", "h_QB", "{}"})
    EXPECT_EQ(decode_document(text).error().code, ErrorCode::kMalformed) << text;
}

// One connection, answered with `answer` whatever it asks.
class AttestationServer {
 public:
  explicit AttestationServer(std::string answer) : answer_(std::move(answer)), thread_([this] { serve(); }) {}
  ~AttestationServer() { thread_.join(); }

  Result<Fetched> fetch() {
    const Url url{{.tls = true, .host = "127.0.0.1", .port = os::bound_tcp_port(listener_.get())}, "/"};
    return fetch_document(url, kNonce, clock_);
  }
  Bytes key() const { return boot_->public_key_der(); }
  std::string request;

 private:
  void serve() {
    pollfd entry{listener_.get(), POLLIN, 0};
    if (::poll(&entry, 1, 5000) != 1) return;
    os::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const std::vector<std::string> names{"localhost"};
    const auto context = tls::ServerContext::create(boot_->issue(names, clock_.unix_ms(), {}).value(),
                                                    tls::TicketKey::create().value(), {});
    const auto stream = context.value()->accept(std::move(fd)).value();
    const aws::Until until(clock_, 5000);
    if (!aws::handshake(*stream, until).ok()) return;
    while (request.find("\r\n\r\n") == std::string::npos) {
      char piece[512];
      const auto got = aws::read_some(*stream, piece, until);
      if (!got.ok() || *got == 0) return;
      request.append(piece, *got);
    }
    if (!aws::write_all(*stream, answer_, until).ok()) return;
    stream->end();
  }

  base::SystemClock clock_;
  std::unique_ptr<tls::BootIdentity> boot_ = tls::BootIdentity::create(clock_.unix_ms()).value();
  os::UniqueFd listener_ = os::listen_on({.host = "127.0.0.1", .port = 0}, 8).value();
  std::string answer_;
  std::thread thread_;
};

class FetchDocument : public testing::Test {
 protected:
  static void SetUpTestSuite() { ::signal(SIGPIPE, SIG_IGN); }
};

TEST_F(FetchDocument, gets_the_document_the_key_and_the_chain) {
  Bytes key;
  std::string request;
  Result<Fetched> fetched = Error{ErrorCode::kInternal, ""};
  {
    AttestationServer server("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\x84\x01\x02");
    fetched = server.fetch();
    key = server.key();
    request = server.request;
  }
  ASSERT_TRUE(fetched.ok());
  EXPECT_EQ(fetched->document, (Bytes{0x84, 1, 2}));
  EXPECT_EQ(fetched->public_key_der, key);
  EXPECT_EQ(fetched->chain_der.size(), 2U);
  EXPECT_TRUE(
      request.starts_with("GET /attestation?nonce=" + base::base64url_encode(kNonce) + " HTTP/1.1\r\n"));
}

TEST_F(FetchDocument, reads_a_chunked_answer) {
  const auto fetched =
      AttestationServer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n2\r\nBC\r\n0\r\n\r\n")
          .fetch();
  ASSERT_TRUE(fetched.ok());
  EXPECT_EQ(as_text(fetched->document), "ABC");
}

TEST_F(FetchDocument, refuses_other_answers) {
  const auto code = [](const std::string& answer) {
    const auto fetched = AttestationServer(answer).fetch();
    return fetched.ok() ? ErrorCode::kInternal : fetched.error().code;
  };
  EXPECT_EQ(code("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"), ErrorCode::kIo);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"), ErrorCode::kTruncated);
  EXPECT_EQ(code("HTTP/1.1 200"), ErrorCode::kTruncated);
  EXPECT_EQ(code("nonsense\r\n\r\n"), ErrorCode::kMalformed);
  const std::string size = std::to_string(limits::kAttestationDocumentBytes + 1);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n"), ErrorCode::kLimit);
}

}  // namespace
}  // namespace nes::nitro_enc
