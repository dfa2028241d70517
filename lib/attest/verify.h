// Whether an attestation document is to be believed, step by step, in the order of the AWS Nitro Enclaves
// attestation process ("Attestation document validation").
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "attest/document.h"
#include "attest/trust_root.h"
#include "base/bytes.h"
#include "base/result.h"

namespace nes::attest {

// The steps, in order. The first that fails is the one that is named.
enum class Step : std::uint8_t {
  kSyntax,     // the algorithm, and every field
  kChain,      // root -> cabundle[1..] -> certificate: names, keys, validity, CA bits, key usage, signatures
  kSignature,  // ECDSA over the Sig_structure (RFC 9052 section 4.4)
  kMeasured,   // none of PCR0, PCR1 and PCR2 is zero (debug mode zeroes all)
  kPcrs,       // the expected PCRs
  kNonce,
  kUserData,
  kPublicKey,
};
// Such as "chain"; never null.
const char* step_name(Step step) noexcept;

// What the document must say. What is not set is not compared.
struct Expected {
  std::map<std::uint8_t, Pcr> pcrs{};
  std::optional<Bytes> nonce{};
  std::optional<Bytes> user_data{};
  std::optional<Bytes> public_key{};
  bool allow_debug = false;  // accept PCR0..2 of zeros: for looking, never for trust
};

struct Failure {
  Step step;
  Error error;  // its reason names what was wrong within the step
};

// Nothing if the document may be believed at `unix_ms` (milliseconds since 1970) under `root`.
std::optional<Failure> verify(const Document& document, const TrustRoot& root, const Expected& expected,
                              std::int64_t unix_ms);

struct Verified {
  std::optional<Document> document{};  // if its syntax is right
  std::optional<Failure> failure{};    // nothing: believe it
};
// parse_document() and verify() in one.
Verified parse_and_verify(ByteView bytes, const TrustRoot& root, const Expected& expected,
                          std::int64_t unix_ms);

}  // namespace nes::attest
