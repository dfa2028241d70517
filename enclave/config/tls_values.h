// What the TLS side and the schema signatures are configured with. Only the outer form is checked here; X.509
// itself is parsed where OpenSSL is.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "enclave/config/variable.h"

namespace nes::config {

// A subject alternative name of the certificate made at boot.
struct ServerName {
  std::string text;  // as given; DNS names in lower case
  Bytes address;     // 4 or 16 bytes for an iPAddress, empty for a dNSName

  friend bool operator==(const ServerName&, const ServerName&) = default;
};

// A comma list of DNS names, whose first label may be `*`, and of IPv4 and IPv6 addresses without brackets.
Value<std::vector<ServerName>> parse_server_names(std::string_view text);

// Base64 of PEM (RFC 7468) whose blocks are all CERTIFICATE, at least one. Returns the PEM text. Text between
// the blocks is left alone, as OpenSSL leaves it.
Value<std::string> parse_certificate_bundle(std::string_view text);

using Ed25519PublicKey = std::array<std::uint8_t, 32>;

// Base64 of a SubjectPublicKeyInfo for Ed25519 (RFC 8410 section 4), 44 bytes; returns the raw key.
Value<Ed25519PublicKey> parse_ed25519_public_key(std::string_view text);

}  // namespace nes::config
