// The server side of TLS (RFC 8446): an immutable context and the sessions made from it.
//
// TLS 1.3 only, unless 1.2 is asked for; no renegotiation, no compression, no early data. ALPN (RFC 7301)
// picks the first of the server's protocols that the client offers and fails the handshake if it offers
// others only. Sessions resume by stateless tickets (RFC 8446 section 4.6.1) whose key lives as long as its
// TicketKey. Decrypted records are wiped in OpenSSL's buffer once they are read.
//
// Thread rule: a context may be shared by all threads; a session belongs to one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/stream.h"
#include "os/unique_fd.h"
#include "secret/secret.h"
#include "tls/identity.h"
#include "tls/openssl.h"

namespace nes::tls {

enum class Version : std::uint8_t { kTls12, kTls13 };

// What encrypts session tickets. Keep one over several contexts and clients resume across a new certificate.
class TicketKey {
 public:
  // Random. kCrypto if OpenSSL fails.
  static Result<std::shared_ptr<const TicketKey>> create();
  const secret::SecretBytes& bytes() const noexcept { return bytes_; }

 private:
  explicit TicketKey(secret::SecretBytes bytes) noexcept : bytes_(std::move(bytes)) {}
  secret::SecretBytes bytes_;
};

class ServerContext : public std::enable_shared_from_this<ServerContext> {
 public:
  struct Options {
    Version min_version = Version::kTls13;
    std::vector<std::string> protocols = {"http/1.1"};  // ALPN, best first
    // PEM certificates. With them a client is asked for a certificate; one that it shows must verify under
    // them (and allow clientAuth), else the handshake fails. A client that shows none is anonymous.
    std::optional<std::string> client_ca_pem{};
    // Sessions are resumed for so long after a full handshake, and while the client's certificate is valid.
    long session_lifetime_s = 7200;
  };

  // kCrypto if OpenSSL refuses a setting or the identity; kMalformed if client_ca_pem holds no certificate or
  // something that is none.
  static Result<std::shared_ptr<const ServerContext>> create(
      std::shared_ptr<const Identity> identity, const std::shared_ptr<const TicketKey>& ticket_key,
      const Options& options);
  ~ServerContext();

  // A session over `fd`, a connected non-blocking socket; it keeps the context alive. kCrypto.
  Result<std::unique_ptr<os::Stream>> accept(os::UniqueFd fd) const;

 private:
  struct State;
  explicit ServerContext(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

// What the handshake agreed on, for a stream that ServerContext::accept made and whose handshake is done.
struct SessionInfo {
  std::string_view protocol;  // ALPN; empty if the client offered none
  bool resumed = false;
};
SessionInfo session_info(const os::Stream& stream);

// A subject alternative name of the client's verified certificate: its bytes as they stand there (RFC 5280
// section 4.2.1.6), which may be anything.
struct ClientName {
  enum class Type : std::uint8_t { kDns, kUri };
  Type type;
  std::string value;
};

// All of them, in the certificate's order; none for an anonymous client. On a resumed session they are those
// of the certificate that was verified when the session began.
std::vector<ClientName> client_names(const os::Stream& stream);

}  // namespace nes::tls
