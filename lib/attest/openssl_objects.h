// Owners for OpenSSL's objects; forward declarations only, so that its headers stay in the sources.
#pragma once

#include <memory>

struct bio_st;
struct ECDSA_SIG_st;
struct evp_md_ctx_st;
struct x509_st;

namespace nes::attest {

struct OpenSslFree {
  void operator()(bio_st* object) const noexcept;
  void operator()(ECDSA_SIG_st* object) const noexcept;
  void operator()(evp_md_ctx_st* object) const noexcept;
  void operator()(x509_st* object) const noexcept;
};
template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree>;

using CertificatePtr = OpenSslPtr<x509_st>;

// OpenSSL's queue of errors belongs to the thread: what a refusal leaves there must not surprise the next
// call.
struct ErrorQueue {
  ErrorQueue() noexcept;
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
  ~ErrorQueue();
};

}  // namespace nes::attest
