// A TLS client that believes whatever certificate it is shown. It exists for `nitro-enc attest` alone, which
// learns the key of an enclave by it and then checks an attestation document that vouches for that key.
//
// What it leads to may be anybody. So nothing can be sent over it but one request that it spells itself:
//   GET /attestation?nonce=<base64url> HTTP/1.1
// with Host and `Connection: close`, and only once. What is read has no meaning until the document has been
// verified, with the nonce that was sent and with the key of public_key_der() in its user_data.
//
// TLS 1.2 or 1.3 as tls/client.h has it. Thread rule: an instance belongs to one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/stream.h"
#include "os/unique_fd.h"
#include "tls/openssl.h"

namespace nes::tls {

class UnverifiedProbe final : public os::Stream {
 public:
  // A session over `fd`, a connected non-blocking socket. `authority` is HOST or HOST:PORT for the Host
  // header; the host is told to the server (RFC 6066 section 3) if it is a DNS name. kMalformed for a nonce
  // of other than 16 to 64 bytes, or an authority with a byte that is no host's; kCrypto.
  static Result<std::unique_ptr<UnverifiedProbe>> create(os::UniqueFd fd, const std::string& authority,
                                                         ByteView nonce);

  // The bytes that write() takes.
  std::string_view request() const noexcept { return request_; }

  // Once the handshake is done. The SubjectPublicKeyInfo of the server's certificate, and all certificates
  // that it has shown, leaf first, both in DER. Empty before.
  const Bytes& public_key_der() const noexcept { return public_key_der_; }
  const std::vector<Bytes>& chain_der() const noexcept { return chain_der_; }

  int fd() const noexcept override { return fd_.get(); }
  os::StreamStatus handshake() override;
  os::StreamResult read(std::span<char> out) override;
  bool has_buffered() const override;
  // kFailed, and the session is of no more use, unless `data` is what comes next of request().
  os::StreamResult write(std::span<const char> data) override;
  void end() override;

 private:
  UnverifiedProbe(os::UniqueFd fd, OpenSslPtr<ssl_ctx_st> context, OpenSslPtr<ssl_st> ssl,
                  std::string request) noexcept;
  os::StreamStatus status_of(int done) noexcept;
  bool learn_peer();

  os::UniqueFd fd_;
  OpenSslPtr<ssl_ctx_st> context_;
  OpenSslPtr<ssl_st> ssl_;
  std::string request_;
  std::size_t sent_ = 0;
  bool failed_ = false;
  Bytes public_key_der_;
  std::vector<Bytes> chain_der_;
};

// The boot CA (CONTRACTS section 7) among the certificates that a server has shown, in PEM: a CA certificate
// whose key is `public_key_der`, which has signed the first certificate, whose key is the same. kNotFound if
// there is none, as with a certificate that was issued elsewhere; kMalformed if one does not parse; kCrypto.
Result<std::string> boot_ca_pem(const std::vector<Bytes>& chain_der, ByteView public_key_der);

}  // namespace nes::tls
