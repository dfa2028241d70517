// A host's addresses, for a program that waits for them (c-ares: /etc/hosts, then DNS as /etc/resolv.conf
// says). The C library's own resolver loads libraries of the distribution, which a static program cannot rely
// on.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "aws/transfer.h"
#include "base/result.h"

namespace nes::nitro_enc {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// In the order in which they should be tried (RFC 6724); at least one, at most limits::kResolvedAddresses.
// `host` may be an address already. kNotFound if the name has no address, or is none; kTimeout at `until`;
// kIo.
Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port,
                                           const aws::Until& until);

}  // namespace nes::nitro_enc
