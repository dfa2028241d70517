// Owners for OpenSSL's objects; forward declarations only, so that its headers stay inside tls.
#pragma once

#include <memory>

struct asn1_string_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace nes::tls {

struct OpenSslFree {
  void operator()(evp_pkey_st* object) const noexcept;
  void operator()(ssl_ctx_st* object) const noexcept;
  void operator()(ssl_st* object) const noexcept;
  void operator()(x509_st* object) const noexcept;
  void operator()(asn1_string_st* object) const noexcept;
};

template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree>;

}  // namespace nes::tls
