#include "enclave/config/tls_values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/limits.h"
#include "enclave/config/values.h"

namespace nes::config {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kBeginCertificate = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEndCertificate = "-----END CERTIFICATE-----";
constexpr std::uint8_t kDerSequence = 0x30;

Bytes parse_address(const std::string& text) {
  if (text.find('\0') != std::string::npos) return {};  // inet_pton would not see what follows
  in_addr ipv4{};
  in6_addr ipv6{};
  if (::inet_pton(AF_INET, text.c_str(), &ipv4) == 1) {
    Bytes address(4);
    base::store_u32be(ntohl(ipv4.s_addr), address.data());
    return address;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &ipv6) == 1) {
    return Bytes(std::begin(ipv6.s6_addr), std::end(ipv6.s6_addr));
  }
  return {};
}

bool is_server_dns_name(std::string_view text) {
  constexpr std::string_view kWildcard = "*.";
  if (text.starts_with(kWildcard)) text.remove_prefix(kWildcard.size());
  return is_dns_name(text);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines = split(text, '\n');
  for (std::string_view& line : lines) {
    if (line.ends_with('\r')) line.remove_suffix(1);
  }
  return lines;
}

// The content of a block is base64 of something that may be DER: a SEQUENCE.
bool is_certificate_body(std::string_view base64) {
  const auto der = base::base64_decode(base64);
  return der && !der->empty() && der->front() == kDerSequence;
}

}  // namespace

Value<std::vector<ServerName>> parse_server_names(std::string_view text) {
  std::vector<ServerName> names;
  for (const std::string_view piece : split(text, ',')) {
    if (names.size() == limits::kServerNames) return Rejection{"has more than 64 names"};
    ServerName name{lower_case(piece), {}};
    name.address = parse_address(name.text);
    if (name.address.empty() && !is_server_dns_name(piece)) {
      return Rejection{"name " + std::to_string(names.size() + 1) +
                       " is neither a DNS name nor an IP address"};
    }
    names.push_back(std::move(name));
  }
  return names;
}

Value<std::string> parse_certificate_bundle(std::string_view text) {
  const auto pem = base::base64_decode(text);
  if (!pem) return Rejection{"is not base64"};
  std::size_t certificates = 0;
  bool inside = false;
  std::string body;
  for (const std::string_view line : lines_of(as_text(*pem))) {
    if (!inside && line.starts_with(kBegin)) {
      if (line != kBeginCertificate) return Rejection{"has a PEM block that is not a CERTIFICATE"};
      inside = true;
      body.clear();
    } else if (inside && line == kEndCertificate) {
      if (!is_certificate_body(body)) return Rejection{"has a CERTIFICATE block that is not base64 of DER"};
      if (++certificates > limits::kClientCaCertificates) return Rejection{"has more than 64 certificates"};
      inside = false;
    } else if (inside) {
      body += line;
    } else if (line.find(kBegin) != std::string_view::npos) {
      return Rejection{"has a BEGIN line that does not begin its line"};
    }
  }
  if (inside) return Rejection{"has a CERTIFICATE block without an end"};
  if (certificates == 0) return Rejection{"has no PEM CERTIFICATE block"};
  return std::string(as_text(*pem));
}

Value<Ed25519PublicKey> parse_ed25519_public_key(std::string_view text) {
  // SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }, RFC 8410.
  constexpr std::array<std::uint8_t, 12> kPrefix = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                    0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
  const auto spki = base::base64_decode(text);
  Ed25519PublicKey key{};
  if (!spki || spki->size() != kPrefix.size() + key.size() ||
      !std::equal(kPrefix.begin(), kPrefix.end(), spki->begin())) {
    return Rejection{};
  }
  std::copy(spki->begin() + kPrefix.size(), spki->end(), key.begin());
  return key;
}

}  // namespace nes::config
