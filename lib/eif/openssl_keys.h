// OpenSSL's objects as this folder's sources share them. Not for other folders.
#pragma once

#include <memory>

#include "eif/cose_section.h"
#include "eif/signature.h"

struct asn1_string_st;
struct bio_st;
struct ECDSA_SIG_st;
struct evp_md_ctx_st;
struct evp_pkey_st;
struct x509_st;

namespace nes::eif {

struct OpenSslFree {
  void operator()(asn1_string_st* object) const noexcept;
  void operator()(bio_st* object) const noexcept;
  void operator()(ECDSA_SIG_st* object) const noexcept;
  void operator()(evp_md_ctx_st* object) const noexcept;
  void operator()(evp_pkey_st* object) const noexcept;
  void operator()(x509_st* object) const noexcept;
};
template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree>;

// OpenSSL's queue of errors belongs to the thread: what a refusal leaves there must not surprise the next
// call.
struct ErrorQueue {
  ErrorQueue() noexcept;
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
  ~ErrorQueue();
};

Result<OpenSslPtr<x509_st>> parse_x509(ByteView pem);
Result<Certificate> describe_x509(const x509_st& x509);
// By the key's curve. kMalformed for any other kind of key, null included.
Result<Algorithm> algorithm_of_key(const evp_pkey_st* key);

}  // namespace nes::eif
