// Where the egress may connect to: the names and exact ports of an allow-list, in the format of AWS's
// vsock-proxy.
//
//   allowlist:
//   - {address: kms.eu-central-1.amazonaws.com, port: 443}
//   - {address: "*.s3.eu-central-1.amazonaws.com", port: 443}   # any name below, of one label or more
//   - {address: 169.254.169.254, port: 80}                      # an address, and names that resolve to it
//   - {address: 10.20.0.0/16, port: 443}                        # names may resolve into it (interface
//   endpoints)
//
// A client asks for what is written: for a name that is listed, or an address that is listed as such. A name
// is carried to where it resolves only if that is a public address or one that is listed.
//
// Thread rule: immutable once read.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::vsock_proxy {

// An IPv4 or IPv6 address; IPv4 in its mapped form (RFC 4291 section 2.5.5.2).
struct IpAddress {
  std::uint8_t bytes[16] = {};

  bool is_ipv4() const noexcept;
  // Nothing but these: not private, link-local, loopback, multicast, unspecified, shared (RFC 6598),
  // documentation or any other special purpose (RFC 6890) that no server of the public Internet has.
  bool is_public() const noexcept;
  // As os::Endpoint writes it: `192.0.2.1` or `[2001:db8::1]`.
  std::string text() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// Dotted IPv4, or IPv6 with or without brackets. False for anything else.
bool parse_ip(std::string_view text, IpAddress& address);

// A host name of letters, digits, hyphens, underscores and dots in labels (RFC 1123 section 2.1).
bool is_host_name(std::string_view text) noexcept;

class AllowList {
 public:
  // `yaml`: the file. kMalformed with its line as position for anything but the format; kLimit if it is too
  // large.
  static Result<AllowList> parse(std::string_view yaml);

  // Whether a client may ask for `host` (a name or an address) and `port`. Case does not matter, nor does one
  // dot at the end.
  bool may_ask(std::string_view host, std::uint16_t port) const;
  // Whether a name that may be asked for may be carried to this address.
  bool may_reach(const IpAddress& address, std::uint16_t port) const;

  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::string name;  // lower case; without the `*` of a suffix, which then begins with a dot
    IpAddress address;
    int prefix_bits = -1;  // of an address: 128 for one alone; -1: a name
    bool is_network = false;
    std::uint16_t port = 0;
  };
  static Result<Entry> make_entry(std::string_view address, std::string_view port, std::uint64_t line);

  std::vector<Entry> entries_;
};

}  // namespace nes::vsock_proxy
