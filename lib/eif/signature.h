// The signature section: a certificate, and its key's COSE_Sign1 (RFC 9052) over PCR0. PCR8 is the
// measurement of the certificate. That whoever holds the key is to be trusted is not said by any of this: a
// policy that names PCR8 says it.
//
// Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sha384.h"
#include "secret/secret.h"

namespace nes::eif {

// An X.509 certificate of a P-256, P-384 or P-521 key.
struct Certificate {
  std::map<std::string, std::string> issuer;  // by the names of OpenSSL, such as commonName
  std::string algorithm;                      // of the issuer's signature, such as ecdsa-with-SHA384
  std::string not_before;                     // as OpenSSL prints it, `Jan  2 03:04:05 2026 GMT`
  std::string not_after;
  std::int64_t not_before_s = 0;  // since 1970
  std::int64_t not_after_s = 0;
  Bytes signature;
  Bytes der;
};

// Of the first certificate in PEM. kMalformed if there is none, or it is of another kind of key.
Result<Certificate> parse_certificate(ByteView pem);

// SHA384(48 zero bytes || SHA384(DER)).
Result<crypto::Sha384Digest> measure_certificate(const Certificate& certificate);

// The section's content. The certificate goes in as it is given. kMalformed if the key is no plain PEM key of
// one of the three curves; kNotAllowed if it is not the certificate's; kLimit; kCrypto. Signatures of ECDSA
// are made with a random number: two of the same image differ.
Result<Bytes> sign(ByteView certificate_pem, const secret::SecretBytes& key_pem,
                   const crypto::Sha384Digest& pcr0);

// The certificate of a section whose signature is by its key and over `pcr0`. kMalformed if it is not so, or
// if the section has another form than AWS's and our builders write.
Result<Certificate> verify_signature(ByteView section, const crypto::Sha384Digest& pcr0);

// The certificate of a section, whatever its signature is worth.
Result<Certificate> read_certificate(ByteView section);

}  // namespace nes::eif
