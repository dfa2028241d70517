// The URLs that the operator gives: https://HOST[:PORT], http:// where that is harmless.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/exchange.h"

namespace nes::nitro_enc {

struct Url {
  aws::Address address;
  std::string target = "/";  // path and query as given
};

// Scheme, a DNS name, an IPv4 address or an IPv6 address in brackets (left out of the host), a port, and what
// follows. Nothing if `text` is anything else: user information, a fragment, white space.
std::optional<Url> parse_url(std::string_view text);

// Whether the host is this machine by its address or by `localhost`.
bool is_loopback(std::string_view host) noexcept;

}  // namespace nes::nitro_enc
