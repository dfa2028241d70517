// How long a session is resumed: OpenSSL gives each ticket a life of its own, so that a client who resumes
// often would never show his certificate again.
#pragma once

#include "tls/openssl.h"

namespace nes::tls {

// Tickets (RFC 8446 section 4.6.1) of `context` are taken until SSL_CTX_get_timeout() after the full
// handshake that they go back to, and while the certificate that the client showed then is valid. Whoever
// comes later makes a full handshake. False if OpenSSL refuses.
bool bound_resumption(ssl_ctx_st* context) noexcept;

}  // namespace nes::tls
