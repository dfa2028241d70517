#include "tools/nitro_enc/url.h"

#include <algorithm>

#include "tools/nitro_enc/arguments.h"

namespace nes::nitro_enc {
namespace {

constexpr std::size_t kHostBytes = 253;  // RFC 1035 section 2.3.4, as text
constexpr std::uint64_t kLastPort = 65'535;

bool is_all(std::string_view text, std::string_view marks) {
  return std::ranges::all_of(text, [marks](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

// Takes the host from the front of `text`; empty if it is none.
std::string_view take_host(std::string_view& text) {
  std::string_view host;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return is_all(host, ":.") && host.find(':') != std::string_view::npos ? host : std::string_view();
  }
  host = text.substr(0, text.find(':'));
  text.remove_prefix(host.size());
  return is_all(host, ".-_") && host.size() <= kHostBytes ? host : std::string_view();
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  constexpr std::string_view kTls = "https://";
  constexpr std::string_view kPlain = "http://";
  url.address.tls = text.starts_with(kTls);
  if (!url.address.tls && !text.starts_with(kPlain)) return std::nullopt;
  text.remove_prefix(url.address.tls ? kTls.size() : kPlain.size());
  url.address.port = url.address.tls ? 443 : 80;
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  const std::string_view target = text.substr(authority.size());
  if (!std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7F' && c != '#'; }))
    return std::nullopt;
  if (!target.empty()) url.target = target.front() == '/' ? std::string(target) : "/" + std::string(target);
  url.address.host = take_host(authority);
  if (url.address.host.empty()) return std::nullopt;
  if (authority.empty()) return url;
  const auto port = parse_count(authority.substr(1), kLastPort);
  if (authority.front() != ':' || !port || *port == 0) return std::nullopt;
  url.address.port = static_cast<std::uint16_t>(*port);
  return url;
}

bool is_loopback(std::string_view host) noexcept {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

}  // namespace nes::nitro_enc
