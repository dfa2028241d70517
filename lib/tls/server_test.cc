#include "tls/server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace nes::tls {
namespace {

using os::StreamStatus;

constexpr std::int64_t kNowMs = 1'800'000'000'000;

// A client of OpenSSL's over one end of a socket pair, with the server's stream at the other.
struct Connection {
  Connection(const ServerContext& server, SSL_CTX* client_context) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    stream = server.accept(os::UniqueFd(fds[0])).value();
    client_fd = os::UniqueFd(fds[1]);
    client.reset(SSL_new(client_context));
    SSL_set_fd(client.get(), client_fd.get());
  }

  // Pumps both sides; kOk when both have finished.
  StreamStatus handshake() {
    StreamStatus server_status = StreamStatus::kWantRead;
    int client_done = 0;
    for (int i = 0; i < 100; ++i) {
      if (client_done != 1) client_done = SSL_connect(client.get());
      if (server_status != StreamStatus::kOk) server_status = stream->handshake();
      if (server_status == StreamStatus::kFailed) return server_status;
      if (client_done == 1 && server_status == StreamStatus::kOk) return server_status;
      if (client_done != 1 && SSL_get_error(client.get(), client_done) == SSL_ERROR_SSL)
        return StreamStatus::kFailed;
    }
    return server_status;
  }

  std::string client_read() {
    char buffer[1024];
    std::size_t got = 0;
    return SSL_read_ex(client.get(), buffer, sizeof buffer, &got) == 1 ? std::string(buffer, got)
                                                                       : std::string();
  }

  std::unique_ptr<os::Stream> stream;
  os::UniqueFd client_fd;
  OpenSslPtr<ssl_st> client;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() : client_(SSL_CTX_new(TLS_client_method())) {}

  std::shared_ptr<const ServerContext> server(ServerContext::Options options = {}) {
    const std::vector<std::string> names{"localhost"};
    auto identity = boot_->issue(names, kNowMs, {});
    return ServerContext::create(*identity, ticket_key_, options).value();
  }

  void offer(const std::string& wire) {
    SSL_CTX_set_alpn_protos(client_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }

  std::unique_ptr<BootIdentity> boot_ = BootIdentity::create(kNowMs).value();
  std::shared_ptr<const TicketKey> ticket_key_ = TicketKey::create().value();
  OpenSslPtr<ssl_ctx_st> client_;
};

TEST_F(ServerTest, speaks_tls_1_3_and_carries_data_both_ways) {
  Connection connection(*server(), client_.get());
  ASSERT_EQ(connection.handshake(), StreamStatus::kOk);
  EXPECT_EQ(SSL_version(connection.client.get()), TLS1_3_VERSION);
  char buffer[64];
  EXPECT_EQ(connection.stream->read(buffer).status, StreamStatus::kWantRead);
  ASSERT_EQ(SSL_write(connection.client.get(), "ping", 4), 4);
  const auto got = connection.stream->read(buffer);
  ASSERT_EQ(got.status, StreamStatus::kOk);
  EXPECT_EQ(std::string_view(buffer, got.bytes), "ping");
  EXPECT_EQ(connection.stream->write(std::string_view("pong")).bytes, 4U);
  EXPECT_EQ(connection.client_read(), "pong");
}

TEST_F(ServerTest, sends_the_boot_ca_along) {
  Connection connection(*server(), client_.get());
  ASSERT_EQ(connection.handshake(), StreamStatus::kOk);
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(connection.client.get())), 2);
}

TEST_F(ServerTest, says_what_is_buffered_after_one_read_of_two_records) {
  Connection connection(*server(), client_.get());
  ASSERT_EQ(connection.handshake(), StreamStatus::kOk);
  ASSERT_EQ(SSL_write(connection.client.get(), "one", 3), 3);
  ASSERT_EQ(SSL_write(connection.client.get(), "two", 3), 3);
  char buffer[64];
  EXPECT_EQ(connection.stream->read(buffer).bytes, 3U);
  EXPECT_TRUE(connection.stream->has_buffered());
  EXPECT_EQ(connection.stream->read(buffer).bytes, 3U);
  EXPECT_FALSE(connection.stream->has_buffered());
}

TEST_F(ServerTest, refuses_tls_1_2_unless_it_is_asked_for) {
  SSL_CTX_set_max_proto_version(client_.get(), TLS1_2_VERSION);
  EXPECT_EQ(Connection(*server(), client_.get()).handshake(), StreamStatus::kFailed);
  const auto with_tls12 = server({.min_version = Version::kTls12});
  Connection connection(*with_tls12, client_.get());
  EXPECT_EQ(connection.handshake(), StreamStatus::kOk);
  EXPECT_EQ(SSL_version(connection.client.get()), TLS1_2_VERSION);
}

TEST_F(ServerTest, refuses_tls_1_1_and_cbc_suites_always) {
  const auto context = server({.min_version = Version::kTls12});
  SSL_CTX_set_max_proto_version(client_.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(client_.get(), "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0");
  EXPECT_EQ(Connection(*context, client_.get()).handshake(), StreamStatus::kFailed);
  SSL_CTX_set_cipher_list(client_.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(client_.get(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(client_.get(), TLS1_1_VERSION);
  EXPECT_EQ(Connection(*context, client_.get()).handshake(), StreamStatus::kFailed);
}

TEST_F(ServerTest, selects_the_first_protocol_of_its_own_that_is_offered) {
  const auto context = server({.protocols = {"h2", "http/1.1"}});
  offer("\x08http/1.1\x02h2");
  Connection both(*context, client_.get());
  ASSERT_EQ(both.handshake(), StreamStatus::kOk);
  EXPECT_EQ(session_info(*both.stream).protocol, "h2");
  offer("\x08http/1.1");
  Connection one(*context, client_.get());
  ASSERT_EQ(one.handshake(), StreamStatus::kOk);
  EXPECT_EQ(session_info(*one.stream).protocol, "http/1.1");
}

TEST_F(ServerTest, fails_when_only_other_protocols_are_offered_and_serves_who_offers_none) {
  offer("\x04smtp\x03ht\x01");
  EXPECT_EQ(Connection(*server(), client_.get()).handshake(), StreamStatus::kFailed);
  offer("");
  Connection none(*server(), client_.get());
  EXPECT_EQ(none.handshake(), StreamStatus::kOk);
  EXPECT_EQ(session_info(*none.stream).protocol, "");
}

// A session that the client may resume with.
SSL_SESSION* session_of(const ServerContext& server, SSL_CTX* client) {
  Connection connection(server, client);
  EXPECT_EQ(connection.handshake(), StreamStatus::kOk);
  EXPECT_FALSE(session_info(*connection.stream).resumed);
  EXPECT_EQ(connection.stream->write(std::string_view("x")).status, StreamStatus::kOk);
  EXPECT_EQ(connection.client_read(), "x");  // takes the ticket in as well
  SSL_shutdown(connection.client.get());     // a session that is cut off may not be resumed
  return SSL_get1_session(connection.client.get());
}

TEST_F(ServerTest, resumes_over_a_new_certificate_and_not_under_another_ticket_key) {
  SSL_SESSION* session = session_of(*server(), client_.get());
  Connection resumed(*server(), client_.get());  // another context, with a leaf of its own
  SSL_set_session(resumed.client.get(), session);
  ASSERT_EQ(resumed.handshake(), StreamStatus::kOk);
  EXPECT_TRUE(session_info(*resumed.stream).resumed);
  ticket_key_ = TicketKey::create().value();
  Connection fresh(*server(), client_.get());
  SSL_set_session(fresh.client.get(), session);
  ASSERT_EQ(fresh.handshake(), StreamStatus::kOk);
  EXPECT_FALSE(session_info(*fresh.stream).resumed);
  SSL_SESSION_free(session);
}

TEST_F(ServerTest, takes_no_early_data) {
  SSL_SESSION* session = session_of(*server(), client_.get());
  EXPECT_EQ(SSL_SESSION_get_max_early_data(session), 0U);
  SSL_SESSION_free(session);
}

TEST_F(ServerTest, fails_on_garbage_and_ends_cleanly_after_it) {
  for (const std::string_view garbage :
       {std::string_view("GET / HTTP/1.1\r\n\r\n"), std::string_view("\x16\x03\x01\xFF\xFF", 5),
        std::string_view("\0\0\0\0\0\0", 6)}) {
    Connection connection(*server(), client_.get());
    ASSERT_GT(::send(connection.client_fd.get(), garbage.data(), garbage.size(), 0), 0);
    ::shutdown(connection.client_fd.get(), SHUT_WR);
    EXPECT_EQ(connection.stream->handshake(), StreamStatus::kFailed);
    connection.stream->end();
  }
}

TEST_F(ServerTest, tells_a_clean_close_from_a_cut) {
  char buffer[16];
  Connection clean(*server(), client_.get());
  ASSERT_EQ(clean.handshake(), StreamStatus::kOk);
  SSL_shutdown(clean.client.get());
  EXPECT_EQ(clean.stream->read(buffer).status, StreamStatus::kClosed);
  Connection cut(*server(), client_.get());
  ASSERT_EQ(cut.handshake(), StreamStatus::kOk);
  ::shutdown(cut.client_fd.get(), SHUT_WR);
  EXPECT_EQ(cut.stream->read(buffer).status, StreamStatus::kFailed);
}

// A certificate authority of clients, and a certificate under it.
struct ClientAuthority {
  ClientAuthority() : key(EVP_EC_gen("P-256")), ca(make("Client CA", nullptr, "critical,CA:TRUE", nullptr)) {}

  OpenSslPtr<x509_st> make(const char* subject, X509* issuer, const char* constraints, const char* names,
                           const char* usage = nullptr, long valid_s = 3600) const {
    OpenSslPtr<x509_st> certificate(X509_new());
    X509* raw = certificate.get();
    X509_set_version(raw, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(raw), -3600);
    X509_gmtime_adj(X509_getm_notAfter(raw), valid_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject), -1, -1, 0);
    X509_set_issuer_name(raw, X509_get_subject_name(issuer == nullptr ? raw : issuer));
    X509_set_pubkey(raw, key.get());
    for (const auto& [nid, value] :
         {std::pair(NID_basic_constraints, constraints), std::pair(NID_subject_alt_name, names),
          std::pair(NID_ext_key_usage, usage)}) {
      if (value == nullptr) continue;
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
      X509_add_ext(raw, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(raw, key.get(), EVP_sha256());
    return certificate;
  }

  std::string pem() const {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, ca.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
  }

  // `client` shows a certificate with these names from now on.
  void show(SSL_CTX* client, const char* names, const char* usage = "clientAuth", long valid_s = 3600) const {
    const auto certificate = make("a client", ca.get(), "CA:FALSE", names, usage, valid_s);
    SSL_CTX_use_certificate(client, certificate.get());
    SSL_CTX_use_PrivateKey(client, key.get());
  }

  OpenSslPtr<evp_pkey_st> key;
  OpenSslPtr<x509_st> ca;
};

// TLS 1.3 clients finish before the server has looked at their certificate, so the verdict comes with the
// first read.
StreamStatus handshake_and_read(Connection& connection) {
  const StreamStatus status = connection.handshake();
  if (status != StreamStatus::kOk) return status;
  SSL_write(connection.client.get(), "x", 1);
  char buffer[8];
  return connection.stream->read(buffer).status;
}

TEST_F(ServerTest, tells_the_names_of_a_verified_client_certificate) {
  const ClientAuthority authority;
  const auto context = server({.client_ca_pem = authority.pem()});
  authority.show(client_.get(),
                 "DNS:a.pay.example,email:x@y.example,URI:spiffe://pay.example/ns/a,DNS:b.pay.example");
  Connection connection(*context, client_.get());
  ASSERT_EQ(handshake_and_read(connection), StreamStatus::kOk);
  const auto names = client_names(*connection.stream);
  ASSERT_EQ(names.size(), 3U);
  EXPECT_EQ(names[0].value, "a.pay.example");
  EXPECT_EQ(names[1].type, ClientName::Type::kUri);
  EXPECT_EQ(names[1].value, "spiffe://pay.example/ns/a");
  EXPECT_EQ(names[2].value, "b.pay.example");
}

TEST_F(ServerTest, serves_an_anonymous_client_and_knows_no_name_of_it) {
  const ClientAuthority authority;
  Connection connection(*server({.client_ca_pem = authority.pem()}), client_.get());
  ASSERT_EQ(handshake_and_read(connection), StreamStatus::kOk);
  EXPECT_TRUE(client_names(*connection.stream).empty());
}

TEST_F(ServerTest, refuses_a_client_certificate_of_another_authority_or_for_another_use) {
  const ClientAuthority authority, other;
  const auto context = server({.client_ca_pem = authority.pem()});
  other.show(client_.get(), "DNS:a.pay.example");
  Connection foreign(*context, client_.get());
  EXPECT_EQ(foreign.handshake(), StreamStatus::kFailed);
  const OpenSslPtr<ssl_ctx_st> second(SSL_CTX_new(TLS_client_method()));
  authority.show(second.get(), "DNS:a.pay.example", "serverAuth");
  Connection misused(*context, second.get());
  EXPECT_EQ(misused.handshake(), StreamStatus::kFailed);
}

TEST_F(ServerTest, never_looks_at_a_client_certificate_without_a_client_ca) {
  const ClientAuthority authority;
  authority.show(client_.get(), "DNS:a.pay.example");
  Connection connection(*server(), client_.get());
  ASSERT_EQ(handshake_and_read(connection), StreamStatus::kOk);
  EXPECT_TRUE(client_names(*connection.stream).empty());
}

TEST_F(ServerTest, keeps_a_clients_names_over_resumption) {
  const ClientAuthority authority;
  const auto context = server({.client_ca_pem = authority.pem()});
  authority.show(client_.get(), "DNS:a.pay.example");
  SSL_SESSION* session = session_of(*context, client_.get());
  Connection resumed(*context, client_.get());
  SSL_set_session(resumed.client.get(), session);
  ASSERT_EQ(resumed.handshake(), StreamStatus::kOk);
  EXPECT_TRUE(session_info(*resumed.stream).resumed);
  ASSERT_EQ(client_names(*resumed.stream).size(), 1U);
  EXPECT_EQ(client_names(*resumed.stream)[0].value, "a.pay.example");
  SSL_SESSION_free(session);
}

struct FreeSession {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

// A resumed connection whose ticket is that of the connection before, as often as the client likes.
Session resumed_session(const ServerContext& server, SSL_CTX* client, SSL_SESSION* session, bool& resumed) {
  Connection connection(server, client);
  SSL_set_session(connection.client.get(), session);
  resumed = handshake_and_read(connection) == StreamStatus::kOk && session_info(*connection.stream).resumed;
  connection.stream->write(std::string_view("x"));
  connection.client_read();
  SSL_shutdown(connection.client.get());
  return Session(SSL_get1_session(connection.client.get()));
}

TEST_F(ServerTest, resumes_no_longer_than_a_session_lives_however_often) {
  const auto context = server({.session_lifetime_s = 4});  // whole seconds: 2 may count as 3
  Session session(session_of(*context, client_.get()));
  bool resumed = false;
  session = resumed_session(*context, client_.get(), session.get(), resumed);
  EXPECT_TRUE(resumed);
  ::sleep(2);
  session = resumed_session(*context, client_.get(), session.get(), resumed);
  EXPECT_TRUE(resumed);
  ::sleep(3);
  session = resumed_session(*context, client_.get(), session.get(), resumed);
  EXPECT_FALSE(resumed) << "five seconds after the full handshake, three after the ticket";
  session = resumed_session(*context, client_.get(), session.get(), resumed);
  EXPECT_TRUE(resumed) << "that was a full handshake";
}

TEST_F(ServerTest, does_not_resume_a_client_whose_certificate_is_over) {
  const ClientAuthority authority;
  const auto context = server({.client_ca_pem = authority.pem()});
  authority.show(client_.get(), "DNS:a.pay.example", "clientAuth", 2);
  Session session(session_of(*context, client_.get()));
  ::sleep(3);
  Connection late(*context, client_.get());
  SSL_set_session(late.client.get(), session.get());
  EXPECT_EQ(handshake_and_read(late), StreamStatus::kFailed)
      << "it has to show its certificate, which is expired";
  EXPECT_TRUE(client_names(*late.stream).empty());
}

TEST_F(ServerTest, one_read_ends_before_a_flood_of_key_updates_does) {
  Connection connection(*server(), client_.get());
  ASSERT_EQ(connection.handshake(), StreamStatus::kOk);
  char buffer[64];
  EXPECT_EQ(connection.stream->read(buffer).status, StreamStatus::kWantRead);
  BIO* flood = BIO_new(BIO_s_mem());
  SSL_set0_wbio(connection.client.get(), flood);
  for (int i = 0; i < 4'000; ++i) {
    ASSERT_EQ(SSL_key_update(connection.client.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(connection.client.get()), 1);
  }
  ASSERT_EQ(SSL_write(connection.client.get(), "done", 4), 4);
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(flood, &data));
  ASSERT_GT(size, 100'000U);
  ASSERT_EQ(::write(connection.client_fd.get(), data, size), static_cast<ssize_t>(size));
  int reads = 0;
  os::StreamResult got{StreamStatus::kWantRead};
  for (; got.status == StreamStatus::kWantRead && reads < 100; ++reads) got = connection.stream->read(buffer);
  EXPECT_GE(reads, 3) << "others had their turn";
  ASSERT_EQ(got.status, StreamStatus::kOk);
  EXPECT_EQ(std::string_view(buffer, got.bytes), "done");
}

TEST_F(ServerTest, refuses_a_client_ca_that_is_none) {
  const std::vector<std::string> names{"localhost"};
  const auto identity = boot_->issue(names, kNowMs, {}).value();
  const std::string pem = ClientAuthority().pem();
  for (const std::string& bad : {std::string(), std::string("text"), pem + pem.substr(0, 200)})
    EXPECT_FALSE(ServerContext::create(identity, ticket_key_, {.client_ca_pem = bad}).ok()) << bad.size();
  EXPECT_TRUE(ServerContext::create(identity, ticket_key_, {.client_ca_pem = "a comment\n" + pem}).ok());
}

TEST_F(ServerTest, a_session_outlives_its_context) {
  auto context = server();
  Connection connection(*context, client_.get());
  context.reset();
  EXPECT_EQ(connection.handshake(), StreamStatus::kOk);
}

}  // namespace
}  // namespace nes::tls
