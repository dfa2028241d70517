// What `nitro-enc attest` says about a document.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "attest/verify.h"

namespace nes::nitro_enc {

struct Attestation {
  attest::Verified verified;
  attest::Expected expected;
  std::string root;           // as --root names it
  std::int64_t at_unix_ms{};  // the time at which it was verified
};

// A document that vouches for a TLS key, as /attestation answers, carries no other key: a failure of its own
// if it does and nothing else has failed.
void require_no_public_key(attest::Verified& verified);

// {"verified", "failed_step", "reason", "compared", "fresh", "bound_to_tls_key", "root", "at", "document"};
// document is null if its syntax is wrong, else all its fields: bytes in hex, certificates in base64 of DER.
std::string report(const Attestation& attestation);

}  // namespace nes::nitro_enc
