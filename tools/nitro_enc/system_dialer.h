// How the operator's machine reaches a host: by name (system_resolver.h) and TCP, an address after another.
#pragma once

#include <optional>
#include <string>

#include "aws/dialer.h"

namespace nes::nitro_enc {

class SystemDialer final : public aws::Dialer {
 public:
  // With `always`, that host is dialled whatever is asked for: what is asked for is then only the name that
  // the peer has to prove. `clock` must outlive the dialer.
  explicit SystemDialer(const Clock& clock, std::optional<std::string> always = std::nullopt) noexcept
      : clock_(clock), always_(std::move(always)) {}

  // Adds: kNotFound if the name has no address.
  Result<os::UniqueFd> dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) override;

 private:
  const Clock& clock_;
  std::optional<std::string> always_;
};

}  // namespace nes::nitro_enc
