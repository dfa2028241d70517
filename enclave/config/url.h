// The few forms of URL that configuration needs: scheme, host, port and path, nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "enclave/config/variable.h"

namespace nes::config {

enum class UrlScheme : std::uint8_t { kHttp, kHttps, kVsock };

struct Url {
  UrlScheme scheme = UrlScheme::kHttp;
  std::string host;        // lower case: a DNS name or an IPv4 address; empty for vsock
  std::uint32_t cid = 0;   // vsock only
  std::uint32_t port = 0;  // the scheme's (80, 443) if none is given
  std::string path;        // as given, from its `/` on; empty for none

  friend bool operator==(const Url&, const Url&) = default;
};

// The parent, its collectors and the enclave itself have CIDs of 2 and more; 2^32-1 means any.
inline constexpr std::uint32_t kMinCid = 2;
inline constexpr std::uint32_t kMaxCid = 0xFFFFFFFE;
inline constexpr std::uint32_t kMaxVsockPort = 0xFFFFFFFE;  // 2^32-1 is VMADDR_PORT_ANY

// http://HOST[:PORT][/path], https:// likewise, vsock://CID:PORT[/path]. Refused: user information (and then
// the value is hidden, because it holds a password), query, fragment, IPv6 addresses, anything else.
Value<Url> parse_url(std::string_view text);

}  // namespace nes::config
