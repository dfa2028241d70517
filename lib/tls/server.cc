#include "tls/server.h"

#include <algorithm>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls/tickets.h"

namespace nes::tls {
namespace {

constexpr const char* kTls13Suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
// Forward secrecy and authenticated encryption only.
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::string_view kSessionIdContext = "nitro-enc-svc";
// A record, and what a read ahead brings.
constexpr std::size_t kBytesPerCall = 32'768;
constexpr int kClientChainDepth = 4;

Error crypto_error() noexcept {
  ERR_clear_error();
  return Error{ErrorCode::kCrypto, "OpenSSL refused a TLS setting"};
}

int select_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* argument) {
  const auto& protocols = *static_cast<const std::vector<std::string>*>(argument);
  for (const std::string& protocol : protocols) {
    for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
      const unsigned size = offered[at];
      if (size > offered_size - at - 1) return SSL_TLSEXT_ERR_ALERT_FATAL;
      const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), size);
      if (name != protocol) continue;
      *out = offered + at + 1;
      *out_size = static_cast<unsigned char>(size);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool configure(SSL_CTX* context, const ServerContext::Options& options) {
  const int min_version = options.min_version == Version::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
  // One recv takes all that has arrived; has_buffered() tells what is left of it.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, options.session_lifetime_s);
  return SSL_CTX_set_min_proto_version(context, min_version) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(context, kTls13Suites) == 1 &&
         SSL_CTX_set_cipher_list(context, kTls12Ciphers) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1 && SSL_CTX_set_num_tickets(context, 1) == 1 &&
         SSL_CTX_set_max_early_data(context, 0) == 1 && bound_resumption(context) &&
         SSL_CTX_set_session_id_context(context, as_bytes(kSessionIdContext).data(),
                                        static_cast<unsigned>(kSessionIdContext.size())) == 1;
}

bool set_identity(SSL_CTX* context, const Identity& identity) {
  const auto chain = identity.chain();
  if (chain.empty() || SSL_CTX_use_certificate(context, chain[0].get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, identity.key()) != 1)
    return false;
  return std::all_of(chain.begin() + 1, chain.end(), [context](const OpenSslPtr<x509_st>& certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate.get()) == 1;
  });
}

// Asks clients for a certificate under the PEM certificates of `pem`.
Result<void> set_client_ca(SSL_CTX* context, const std::string& pem) {
  const Error malformed{ErrorCode::kMalformed, "the client CA is not a list of certificates"};
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                   BIO_free);
  if (!memory) return crypto_error();
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  for (;;) {
    const OpenSslPtr<x509_st> certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (X509_STORE_add_cert(store, certificate.get()) != 1 ||
        SSL_CTX_add_client_CA(context, certificate.get()) != 1)
      return crypto_error();
    ++count;
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0 || !at_end) return malformed;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(context, kClientChainDepth);
  return {};
}

class TlsStream final : public os::Stream {
 public:
  TlsStream(std::shared_ptr<const ServerContext> context, os::UniqueFd fd, OpenSslPtr<ssl_st> ssl) noexcept
      : context_(std::move(context)), fd_(std::move(fd)), ssl_(std::move(ssl)) {
    BIO* socket = SSL_get_rbio(ssl_.get());
    BIO_set_callback_ex(socket, on_socket);
    BIO_set_callback_arg(socket, reinterpret_cast<char*>(this));
  }

  int fd() const noexcept override { return fd_.get(); }
  const SSL* ssl() const noexcept { return ssl_.get(); }

  os::StreamStatus handshake() override {
    ERR_clear_error();
    unread_ = kBytesPerCall;
    const int done = SSL_accept(ssl_.get());
    return done == 1 ? os::StreamStatus::kOk : status_of(done);
  }

  os::StreamResult read(std::span<char> out) override {
    ERR_clear_error();
    unread_ = kBytesPerCall;
    std::size_t got = 0;
    const int done = SSL_read_ex(ssl_.get(), out.data(), out.size(), &got);
    const os::StreamStatus status = done == 1 ? os::StreamStatus::kOk : status_of(done);
    free_idle_buffers();
    return {status, got};
  }

  // SSL_has_pending() counts records that are not decrypted yet, part of one included; a read then says
  // kWantRead.
  bool has_buffered() const override { return SSL_has_pending(ssl_.get()) == 1; }

  os::StreamResult write(std::span<const char> data) override {
    ERR_clear_error();
    std::size_t sent = 0;
    const int done = SSL_write_ex(ssl_.get(), data.data(), data.size(), &sent);
    const os::StreamStatus status = done == 1 ? os::StreamStatus::kOk : status_of(done);
    free_idle_buffers();
    return {status, sent};
  }

  void end() override {
    ERR_clear_error();
    if (!failed_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

 private:
  // OpenSSL goes on reading until there is data, through as many messages of TLS's own (KeyUpdate, RFC 8446
  // section 4.6.3) as a peer cares to send. Other connections wait meanwhile: after so much the socket says
  // that it is empty.
  static long on_socket(BIO* socket, int operation, const char* /*data*/, std::size_t /*size*/, int /*argi*/,
                        long /*argl*/, int result, std::size_t* processed) {
    auto& self = *reinterpret_cast<TlsStream*>(BIO_get_callback_arg(socket));
    if (operation == BIO_CB_READ && self.unread_ == 0) {
      BIO_set_retry_read(socket);
      return -1;
    }
    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0 && processed != nullptr)
      self.unread_ -= std::min(self.unread_, *processed);
    return result;
  }

  // As SSL_MODE_RELEASE_BUFFERS does, so that an idle connection holds none, but without a wipe of the whole
  // 17 kB: what was decrypted has been wiped as it was read (SSL_OP_CLEANSE_PLAINTEXT), the rest never was
  // anybody's plaintext. Not after a failure: a record that was decrypted but not authenticated is still
  // there, and SSL_free() wipes it.
  void free_idle_buffers() noexcept {
    if (failed_ || SSL_has_pending(ssl_.get()) == 1) return;
    SSL_clear_options(ssl_.get(), SSL_OP_CLEANSE_PLAINTEXT);
    SSL_free_buffers(ssl_.get());  // but for what waits to be sent
    SSL_set_options(ssl_.get(), SSL_OP_CLEANSE_PLAINTEXT);
  }

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

  std::shared_ptr<const ServerContext> context_;  // its callbacks' arguments live there
  os::UniqueFd fd_;
  OpenSslPtr<ssl_st> ssl_;
  std::size_t unread_ = 0;  // of the socket, that this call may still take
  bool failed_ = false;
};

}  // namespace

struct ServerContext::State {
  std::shared_ptr<const Identity> identity;
  std::vector<std::string> protocols;
  OpenSslPtr<ssl_ctx_st> context;
};

Result<std::shared_ptr<const TicketKey>> TicketKey::create() {
  // name (16), HMAC key and AES key (32 each), as SSL_CTX_set_tlsext_ticket_keys takes them.
  secret::SecretBytes bytes(80);
  if (RAND_priv_bytes(bytes.reveal_mutable().data(), static_cast<int>(bytes.size())) != 1)
    return crypto_error();
  return std::shared_ptr<const TicketKey>(new TicketKey(std::move(bytes)));
}

ServerContext::ServerContext(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ServerContext::~ServerContext() = default;

Result<std::shared_ptr<const ServerContext>> ServerContext::create(
    std::shared_ptr<const Identity> identity, const std::shared_ptr<const TicketKey>& ticket_key,
    const Options& options) {
  auto state = std::make_unique<State>();
  state->identity = std::move(identity);
  state->protocols = options.protocols;
  state->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = state->context.get();
  if (context == nullptr || !configure(context, options) || !set_identity(context, *state->identity))
    return crypto_error();
  if (options.client_ca_pem) NES_TRY(set_client_ca(context, *options.client_ca_pem));
  // The parameter is not const, but only read.
  auto* keys = const_cast<std::uint8_t*>(ticket_key->bytes().reveal().data());
  if (SSL_CTX_set_tlsext_ticket_keys(context, keys, static_cast<long>(ticket_key->bytes().size())) != 1)
    return crypto_error();
  SSL_CTX_set_alpn_select_cb(context, select_protocol, &state->protocols);
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(state)));
}

Result<std::unique_ptr<os::Stream>> ServerContext::accept(os::UniqueFd fd) const {
  OpenSslPtr<ssl_st> ssl(SSL_new(state_->context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1) return crypto_error();
  return std::unique_ptr<os::Stream>(
      std::make_unique<TlsStream>(shared_from_this(), std::move(fd), std::move(ssl)));
}

SessionInfo session_info(const os::Stream& stream) {
  const auto* tls = dynamic_cast<const TlsStream*>(&stream);
  if (tls == nullptr) return {};
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls->ssl(), &protocol, &size);
  return {.protocol = {reinterpret_cast<const char*>(protocol), size},
          .resumed = SSL_session_reused(tls->ssl()) == 1};
}

std::vector<ClientName> client_names(const os::Stream& stream) {
  std::vector<ClientName> names;
  const auto* tls = dynamic_cast<const TlsStream*>(&stream);
  if (tls == nullptr) return names;
  X509* certificate = SSL_get0_peer_certificate(tls->ssl());
  if (certificate == nullptr || SSL_get_verify_result(tls->ssl()) != X509_V_OK) return names;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> found(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; found && i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_URI) continue;
    const ASN1_IA5STRING* value = name->d.ia5;
    names.push_back({name->type == GEN_DNS ? ClientName::Type::kDns : ClientName::Type::kUri,
                     std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                 static_cast<std::size_t>(ASN1_STRING_length(value)))});
  }
  return names;
}

}  // namespace nes::tls
