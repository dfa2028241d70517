#include "attest/verify.h"

#include <algorithm>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "attest/chain.h"
#include "cbor/writer.h"

namespace nes::attest {
namespace {

constexpr std::size_t kCoordinateBytes = 48;

Error refuse(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

// RFC 9052 section 4.4: ["Signature1", body_protected, external_aad, payload], the parts as they were
// received.
Bytes signature_structure(const Document& document) {
  return cbor::Writer()
      .array(4)
      .text("Signature1")
      .bytes(document.protected_header)
      .bytes({})
      .bytes(document.payload)
      .result();
}

// r || s (RFC 9053 section 2.1) as the DER that OpenSSL takes; empty if OpenSSL fails.
Bytes der_signature(ByteView signature) {
  const OpenSslPtr<ECDSA_SIG_st> parts(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(signature.data(), kCoordinateBytes, nullptr);
  BIGNUM* const s = BN_bin2bn(signature.data() + kCoordinateBytes, kCoordinateBytes, nullptr);
  if (!parts || r == nullptr || s == nullptr || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size <= 0) return {};
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

Result<void> verify_signature(const Document& document, const X509& certificate) {
  const ErrorQueue queue;
  const Bytes signature = der_signature(document.signature);
  const Bytes message = signature_structure(document);
  const OpenSslPtr<evp_md_ctx_st> context(EVP_MD_CTX_new());
  if (signature.empty() || !context ||
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr, X509_get0_pubkey(&certificate)) !=
          1)
    return Error{ErrorCode::kCrypto, "OpenSSL failed on a signature"};
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) !=
      1)
    return refuse("the signature is not the certificate's over this document");
  return {};
}

std::optional<Failure> verify_origin(const Document& document, const TrustRoot& root, std::int64_t unix_ms) {
  const bool is_unsigned = document.algorithm == Algorithm::kNone;
  if (is_unsigned != root.accepts_unsigned())
    return Failure{Step::kSyntax, is_unsigned ? refuse("the document is not signed")
                                              : refuse("the document is signed, and no root is trusted")};
  if (is_unsigned) {
    if (is_zero(document.signature)) return {};
    return Failure{Step::kSignature, refuse("an unsigned document has a signature")};
  }
  const auto certificate = verify_chain(document, root, unix_ms);
  if (!certificate.ok()) return Failure{Step::kChain, certificate.error()};
  if (const auto verified = verify_signature(document, **certificate); !verified.ok())
    return Failure{Step::kSignature, verified.error()};
  return {};
}

// Debug mode zeroes all three, and no image measures to zero; one that is not there counts as zero.
bool is_measured(const Document& document) {
  return std::ranges::all_of(std::initializer_list<std::uint8_t>{0, 1, 2}, [&](std::uint8_t index) {
    const auto pcr = document.pcrs.find(index);
    return pcr != document.pcrs.end() && !is_zero(pcr->second);
  });
}

bool is_expected(const std::optional<Bytes>& expected, const std::optional<Bytes>& found) {
  return !expected || expected == found;
}

}  // namespace

const char* step_name(Step step) noexcept {
  switch (step) {
    case Step::kSyntax: return "syntax";
    case Step::kChain: return "chain";
    case Step::kSignature: return "signature";
    case Step::kMeasured: return "measured";
    case Step::kPcrs: return "pcrs";
    case Step::kNonce: return "nonce";
    case Step::kUserData: return "user_data";
    case Step::kPublicKey: return "public_key";
  }
  return "unknown";
}

std::optional<Failure> verify(const Document& document, const TrustRoot& root, const Expected& expected,
                              std::int64_t unix_ms) {
  if (auto failure = verify_origin(document, root, unix_ms)) return failure;
  if (!expected.allow_debug && !is_measured(document))
    return Failure{Step::kMeasured, refuse("PCR0, PCR1 or PCR2 is zero: the enclave is in debug mode")};
  for (const auto& [index, value] : expected.pcrs) {
    const auto pcr = document.pcrs.find(index);
    if (pcr == document.pcrs.end())
      return Failure{Step::kPcrs, {ErrorCode::kMalformed, "an expected PCR is not there", index}};
    if (pcr->second != value)
      return Failure{Step::kPcrs, {ErrorCode::kMalformed, "a PCR has another value", index}};
  }
  if (!is_expected(expected.nonce, document.nonce))
    return Failure{Step::kNonce, refuse("the nonce is another one")};
  if (!is_expected(expected.user_data, document.user_data))
    return Failure{Step::kUserData, refuse("user_data is other than expected")};
  if (!is_expected(expected.public_key, document.public_key))
    return Failure{Step::kPublicKey, refuse("public_key is other than expected")};
  return {};
}

Verified parse_and_verify(ByteView bytes, const TrustRoot& root, const Expected& expected,
                          std::int64_t unix_ms) {
  auto document = parse_document(bytes);
  if (!document.ok()) return {.failure = Failure{Step::kSyntax, document.error()}};
  Verified verified{.document = std::move(document).value()};
  verified.failure = verify(*verified.document, root, expected, unix_ms);
  return verified;
}

}  // namespace nes::attest
