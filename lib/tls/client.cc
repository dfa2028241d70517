#include "tls/client.h"

#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace nes::tls {
namespace {

constexpr const char* kTls13Suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr int kChainDepth = 6;     // intermediate certificates of a server
constexpr int kSecurityLevel = 2;  // 112 bits: RSA of 2048 bits and more, no SHA-1

Error crypto_error() noexcept {
  ERR_clear_error();
  return Error{ErrorCode::kCrypto, "OpenSSL refused a TLS setting"};
}

bool configure(SSL_CTX* context) noexcept {
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(context, kChainDepth);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(context, kTls13Suites) == 1 &&
         SSL_CTX_set_cipher_list(context, kTls12Ciphers) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1;
}

Result<void> trust(SSL_CTX* context, const std::string& pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                   BIO_free);
  if (!memory) return crypto_error();
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  for (;; ++count) {
    const OpenSslPtr<x509_st> certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (X509_STORE_add_cert(store, certificate.get()) != 1) return crypto_error();
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0 || !at_end) return Error{ErrorCode::kMalformed, "the CA bundle is no list of certificates"};
  return {};
}

// Whom the server's certificate must name, and what is told to the server of it (RFC 6066 section 3: a name,
// never an address). SSL_ctrl is the function behind the macro SSL_set_tlsext_host_name; it copies the name.
bool expect_host(SSL* ssl, const std::string& host) noexcept {
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1) return true;
  ERR_clear_error();
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size()) == 1 &&

         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  const_cast<char*>(host.c_str())) == 1;
}

class ClientStream final : public os::Stream {
 public:
  ClientStream(std::shared_ptr<const ClientContext> context, os::UniqueFd fd, OpenSslPtr<ssl_st> ssl) noexcept
      : context_(std::move(context)), fd_(std::move(fd)), ssl_(std::move(ssl)) {}

  int fd() const noexcept override { return fd_.get(); }

  os::StreamStatus handshake() override {
    ERR_clear_error();
    const int done = SSL_connect(ssl_.get());
    if (done != 1) return status_of(done);
    // SSL_VERIFY_PEER has ended a handshake with any other outcome already.
    if (SSL_get_verify_result(ssl_.get()) == X509_V_OK) return os::StreamStatus::kOk;
    failed_ = true;
    return os::StreamStatus::kFailed;
  }

  os::StreamResult read(std::span<char> out) override {
    ERR_clear_error();
    std::size_t got = 0;
    const int done = SSL_read_ex(ssl_.get(), out.data(), out.size(), &got);
    return done == 1 ? os::StreamResult{os::StreamStatus::kOk, got} : os::StreamResult{status_of(done)};
  }

  bool has_buffered() const override { return SSL_has_pending(ssl_.get()) == 1; }

  os::StreamResult write(std::span<const char> data) override {
    ERR_clear_error();
    std::size_t sent = 0;
    const int done = SSL_write_ex(ssl_.get(), data.data(), data.size(), &sent);
    return done == 1 ? os::StreamResult{os::StreamStatus::kOk, sent} : os::StreamResult{status_of(done)};
  }

  void end() override {
    ERR_clear_error();
    if (!failed_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

 private:
  os::StreamStatus status_of(int done) noexcept {
    switch (SSL_get_error(ssl_.get(), done)) {
      case SSL_ERROR_WANT_READ: return os::StreamStatus::kWantRead;
      case SSL_ERROR_WANT_WRITE: return os::StreamStatus::kWantWrite;
      case SSL_ERROR_ZERO_RETURN: return os::StreamStatus::kClosed;
      default: break;
    }
    failed_ = true;  // SSL_shutdown must not be called after a fatal error
    ERR_clear_error();
    return os::StreamStatus::kFailed;
  }

  std::shared_ptr<const ClientContext> context_;
  os::UniqueFd fd_;
  OpenSslPtr<ssl_st> ssl_;
  bool failed_ = false;
};

}  // namespace

Result<std::shared_ptr<const ClientContext>> ClientContext::create(const std::string& ca_pem,
                                                                   std::string_view protocol) {
  OpenSslPtr<ssl_ctx_st> context(SSL_CTX_new(TLS_client_method()));
  if (!context || !configure(context.get())) return crypto_error();
  if (!protocol.empty()) {
    const std::string list = static_cast<char>(protocol.size()) + std::string(protocol);
    // Zero is its success.
    if (SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(list.data()),
                                static_cast<unsigned>(list.size())) != 0)
      return crypto_error();
  }
  NES_TRY(trust(context.get(), ca_pem));
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(context)));
}

Result<std::unique_ptr<os::Stream>> ClientContext::connect(os::UniqueFd fd, const std::string& host) const {
  if (host.empty() || host.find('\0') != std::string::npos)
    return Error{ErrorCode::kMalformed, "not a name that a server can have"};
  OpenSslPtr<ssl_st> ssl(SSL_new(context_.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1 || !expect_host(ssl.get(), host)) return crypto_error();
  return std::unique_ptr<os::Stream>(
      std::make_unique<ClientStream>(shared_from_this(), std::move(fd), std::move(ssl)));
}

}  // namespace nes::tls
