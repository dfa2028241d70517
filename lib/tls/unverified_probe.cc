#include "tls/unverified_probe.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace nes::tls {
namespace {

constexpr std::size_t kMinNonceBytes = 16;  // CONTRACTS section 2
constexpr std::size_t kMaxNonceBytes = 64;

Error crypto_error() noexcept {
  ERR_clear_error();
  return Error{ErrorCode::kCrypto, "OpenSSL refused a TLS setting"};
}

bool is_authority(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

// The host of an authority if it is a name: addresses are not told to servers.
std::string server_name(const std::string& authority) {
  if (authority.front() == '[') return {};
  const std::string host = authority.substr(0, authority.find(':'));
  const bool is_name = std::any_of(host.begin(), host.end(), [](char c) { return (c | 0x20) >= 'a'; });
  return is_name ? host : std::string();
}

template <typename T>
Bytes der_of(T* object, int (*encode)(const T*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  if (size <= 0) return {};
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

Bytes key_of(const X509* certificate) {
  return der_of<X509_PUBKEY>(X509_get_X509_PUBKEY(certificate), i2d_X509_PUBKEY);
}

OpenSslPtr<x509_st> parse_certificate(ByteView der) {
  const unsigned char* at = der.data();
  OpenSslPtr<x509_st> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  return at == der.data() + der.size() ? std::move(certificate) : nullptr;
}

Result<std::string> pem_of(X509* certificate) {
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new(BIO_s_mem()), BIO_free);
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) return crypto_error();
  const char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

UnverifiedProbe::UnverifiedProbe(os::UniqueFd fd, OpenSslPtr<ssl_ctx_st> context, OpenSslPtr<ssl_st> ssl,
                                 std::string request) noexcept
    : fd_(std::move(fd)), context_(std::move(context)), ssl_(std::move(ssl)), request_(std::move(request)) {}

Result<std::unique_ptr<UnverifiedProbe>> UnverifiedProbe::create(os::UniqueFd fd,
                                                                 const std::string& authority,
                                                                 ByteView nonce) {
  if (nonce.size() < kMinNonceBytes || nonce.size() > kMaxNonceBytes)
    return Error{ErrorCode::kMalformed, "a nonce has 16 to 64 bytes"};
  if (!is_authority(authority)) return Error{ErrorCode::kMalformed, "not a host"};
  OpenSslPtr<ssl_ctx_st> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return crypto_error();
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
  // Whoever answers is let in: the attestation document decides, not the certificate.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  if (SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) return crypto_error();
  OpenSslPtr<ssl_st> ssl(SSL_new(context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1) return crypto_error();
  std::string name = server_name(authority);
  if (!name.empty() &&
      SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) != 1)
    return crypto_error();
  std::string request = "GET /attestation?nonce=" + base::base64url_encode(nonce) +
                        " HTTP/1.1\r\nHost: " + authority + "\r\nConnection: close\r\n\r\n";
  return std::unique_ptr<UnverifiedProbe>(
      new UnverifiedProbe(std::move(fd), std::move(context), std::move(ssl), std::move(request)));
}

bool UnverifiedProbe::learn_peer() {
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl_.get());  // the leaf included
  if (chain == nullptr || sk_X509_num(chain) == 0) return false;
  for (int i = 0; i < sk_X509_num(chain); ++i)
    chain_der_.push_back(der_of<X509>(sk_X509_value(chain, i), i2d_X509));
  public_key_der_ = key_of(sk_X509_value(chain, 0));
  return !public_key_der_.empty();
}

os::StreamStatus UnverifiedProbe::handshake() {
  ERR_clear_error();
  const int done = SSL_connect(ssl_.get());
  if (done != 1) return status_of(done);
  if (!public_key_der_.empty() || learn_peer()) return os::StreamStatus::kOk;
  failed_ = true;
  return os::StreamStatus::kFailed;
}

os::StreamResult UnverifiedProbe::read(std::span<char> out) {
  ERR_clear_error();
  std::size_t got = 0;
  const int done = SSL_read_ex(ssl_.get(), out.data(), out.size(), &got);
  return done == 1 ? os::StreamResult{os::StreamStatus::kOk, got} : os::StreamResult{status_of(done)};
}

bool UnverifiedProbe::has_buffered() const { return SSL_has_pending(ssl_.get()) == 1; }

os::StreamResult UnverifiedProbe::write(std::span<const char> data) {
  const std::string_view left = std::string_view(request_).substr(sent_);
  if (failed_ || data.empty() || !left.starts_with(std::string_view(data.data(), data.size()))) {
    failed_ = true;
    return {os::StreamStatus::kFailed};
  }
  ERR_clear_error();
  std::size_t sent = 0;
  const int done = SSL_write_ex(ssl_.get(), data.data(), data.size(), &sent);
  if (done != 1) return {status_of(done)};
  sent_ += sent;
  return {os::StreamStatus::kOk, sent};
}

void UnverifiedProbe::end() {
  ERR_clear_error();
  if (!failed_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

os::StreamStatus UnverifiedProbe::status_of(int done) noexcept {
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

Result<std::string> boot_ca_pem(const std::vector<Bytes>& chain_der, ByteView public_key_der) {
  std::vector<OpenSslPtr<x509_st>> chain;
  for (const Bytes& der : chain_der) {
    chain.push_back(parse_certificate(der));
    ERR_clear_error();
    if (!chain.back()) return Error{ErrorCode::kMalformed, "the server has shown what is no certificate"};
  }
  const auto has_key = [&](const X509* certificate) {
    return std::ranges::equal(key_of(certificate), public_key_der);
  };
  for (std::size_t i = 1; i < chain.size(); ++i) {
    X509* const ca = chain[i].get();
    if (!has_key(chain.front().get()) || !has_key(ca) || X509_check_ca(ca) != 1) continue;
    const bool issued = X509_check_issued(ca, chain.front().get()) == X509_V_OK &&
                        X509_verify(chain.front().get(), X509_get0_pubkey(ca)) == 1;
    ERR_clear_error();
    if (issued) return pem_of(ca);
  }
  return Error{ErrorCode::kNotFound, "the server has shown no CA certificate under its own key"};
}

}  // namespace nes::tls
