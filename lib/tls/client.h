// The client side of TLS: what the enclave asks AWS through. An immutable context and the sessions made from
// it.
//
// TLS 1.2 or 1.3, forward secrecy and authenticated encryption only. A server must show a chain that ends in
// one of the given CA certificates and names the host that was dialled (RFC 6125: subject alternative names,
// a wildcard only as a whole leftmost label; the common name counts for nothing). There is no way to turn
// that off. Sessions are not resumed. An end of the connection without close_notify is kFailed, so that a
// truncated answer is seen.
//
// OpenSSL writes to sockets with write(2): the program ignores SIGPIPE.
//
// Thread rule: a context may be shared by all threads; a session belongs to one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/stream.h"
#include "os/unique_fd.h"
#include "tls/openssl.h"

namespace nes::tls {

class ClientContext : public std::enable_shared_from_this<ClientContext> {
 public:
  // `ca_pem`: PEM certificates, the only ones that are trusted. `protocol`, if not empty, is asked for by
  // ALPN (RFC 7301), such as "h2". kMalformed if it holds no certificate or something that is none; kCrypto
  // if OpenSSL refuses a setting.
  static Result<std::shared_ptr<const ClientContext>> create(const std::string& ca_pem,
                                                             std::string_view protocol = {});

  // A session over `fd`, a connected non-blocking socket, with a server that must prove to be `host`: a DNS
  // name, or an IPv4 or IPv6 address. It keeps the context alive. kMalformed if `host` is empty or holds a
  // NUL; kCrypto.
  Result<std::unique_ptr<os::Stream>> connect(os::UniqueFd fd, const std::string& host) const;

 private:
  explicit ClientContext(OpenSslPtr<ssl_ctx_st> context) noexcept : context_(std::move(context)) {}
  OpenSslPtr<ssl_ctx_st> context_;
};

}  // namespace nes::tls
