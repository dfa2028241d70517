// One HTTP/1.1 request and its answer over a connection of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "aws/dialer.h"
#include "aws/headers.h"
#include "aws/transfer.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/request_head.h"
#include "secret/secret.h"
#include "tls/client.h"

namespace nes::aws {

// What connections are made of. The references must outlive whoever holds it.
struct Transport {
  Dialer& dialer;
  std::shared_ptr<const tls::ClientContext> tls;  // null: only plain addresses can be reached
  const Clock& clock;
};

struct Address {
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;

  // As the Host header has it: without the scheme's own port.
  std::string authority() const;
};

struct HttpRequest {
  http::Method method = http::Method::kGet;  // GET, PUT or POST
  std::string target;                        // encoded
  Headers headers;  // without Host, Content-Length and Connection, which exchange() writes
  std::string body;
};

struct HttpAnswer {
  int status = 0;
  Headers headers;
  secret::SecretBytes body;

  // The value of the first field of this name, in any case; empty if there is none.
  std::string_view header(std::string_view name) const noexcept;
};

std::string_view method_name(http::Method method) noexcept;

// A connection, its TLS handshake done. kConfig for TLS without a CA bundle; else as exchange().
Result<std::unique_ptr<os::Stream>> open_stream(const Transport& transport, const Address& address,
                                                const Until& until);

// Dials, asks, and reads the whole answer, whatever its status, within `timeout_ms`. Interim answers are
// skipped. Errors: the dialer's; kCrypto or kIo if TLS fails, a server that does not prove its name included;
// kTimeout; kTruncated for an answer that ends early; kMalformed if it is not HTTP, or if the request has a
// control byte in its target or headers; kLimit if its head is over the limits of http or its body has more
// than `max_body_bytes`; that of a refusal (not 2xx) has limits::kAwsAnswerBytes of its own.
Result<HttpAnswer> exchange(const Transport& transport, const Address& address, const HttpRequest& request,
                            std::size_t max_body_bytes, std::int64_t timeout_ms);

}  // namespace nes::aws
