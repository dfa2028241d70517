#include "enclave/config/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "enclave/config/values.h"

namespace nes::config {
namespace {

constexpr std::uint32_t kHttpPort = 80;
constexpr std::uint32_t kHttpsPort = 443;
constexpr std::uint32_t kMaxTcpPort = 65535;

bool is_host(const std::string& text) {
  in_addr ipv4{};
  return is_dns_name(text) ||
         (text.find('\0') == std::string::npos && ::inet_pton(AF_INET, text.c_str(), &ipv4) == 1);
}

// Characters of a path (RFC 3986 section 3.3). The path is sent as it stands.
bool is_path(std::string_view text) { return is_alphanumeric_or(text, "/-._~!$&'()*+,;=:%"); }

std::optional<UrlScheme> take_scheme(std::string_view& text) {
  constexpr Choice<UrlScheme> kSchemes[] = {
      {"http://", UrlScheme::kHttp}, {"https://", UrlScheme::kHttps}, {"vsock://", UrlScheme::kVsock}};
  for (const auto& [prefix, scheme] : kSchemes) {
    if (!lower_case(text.substr(0, prefix.size())).starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    return scheme;
  }
  return std::nullopt;
}

// HOST[:PORT], or CID:PORT.
bool parse_authority(std::string_view text, Url& url) {
  const bool vsock = url.scheme == UrlScheme::kVsock;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const auto port =
        parse_integer<std::uint32_t>(text.substr(colon + 1), 1, vsock ? kMaxVsockPort : kMaxTcpPort);
    if (assign(port, url.port)) return false;
  } else {
    if (vsock) return false;
    url.port = url.scheme == UrlScheme::kHttps ? kHttpsPort : kHttpPort;
  }
  if (vsock) return !assign(parse_integer<std::uint32_t>(text.substr(0, colon), kMinCid, kMaxCid), url.cid);
  url.host = lower_case(text.substr(0, colon));
  return is_host(url.host);
}

}  // namespace

Value<Url> parse_url(std::string_view text) {
  if (text.find('@') != std::string_view::npos)
    return Rejection{"must not hold an @, as user information does", true};
  Url url;
  const auto scheme = take_scheme(text);
  if (!scheme) return Rejection{};
  url.scheme = *scheme;
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view path = text.substr(slash);
  if (!parse_authority(text.substr(0, slash), url) || !is_path(path)) return Rejection{};
  url.path = path;
  return url;
}

}  // namespace nes::config
