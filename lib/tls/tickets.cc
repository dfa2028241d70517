#include "tls/tickets.h"

#include <cstdint>
#include <cstring>
#include <ctime>

#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace nes::tls {
namespace {

// What a ticket carries beside the session: when the full handshake was, in seconds of Unix time.
using Begun = std::int64_t;

bool begun_of(SSL_SESSION* session, Begun& begun) noexcept {
  void* data = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 || size != sizeof begun) return false;
  std::memcpy(&begun, data, sizeof begun);
  return true;
}

int on_new_ticket(SSL* ssl, void* /*argument*/) {
  SSL_SESSION* session = SSL_get_session(ssl);
  Begun begun = 0;
  if (begun_of(session, begun)) return 1;  // resumed: it has that of its ticket
  begun = std::time(nullptr);
  return SSL_SESSION_set1_ticket_appdata(session, &begun, sizeof begun);
}

bool is_valid_now(const X509* certificate) noexcept {
  return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
         X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

SSL_TICKET_RETURN on_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char* /*key_name*/,
                            std::size_t /*key_name_size*/, SSL_TICKET_STATUS status, void* /*argument*/) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  Begun begun = 0;
  const Begun now = std::time(nullptr);
  if (!begun_of(session, begun) || now < begun || now - begun >= SSL_CTX_get_timeout(SSL_get_SSL_CTX(ssl)))
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  const X509* peer = SSL_SESSION_get0_peer(session);
  if (peer != nullptr && !is_valid_now(peer)) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

bool bound_resumption(ssl_ctx_st* context) noexcept {
  return SSL_CTX_set_session_ticket_cb(context, on_new_ticket, on_ticket, nullptr) == 1;
}

}  // namespace nes::tls
