#include "host/vsock_proxy/allow_list.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "host/vsock_proxy/allow_list_yaml.h"

namespace nes::vsock_proxy {
namespace {

constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string normalized(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return name;
}

bool matches(const IpAddress& address, const IpAddress& network, int bits) noexcept {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(address.bytes, network.bytes, whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  return ((address.bytes[whole] ^ network.bytes[whole]) & mask) == 0;
}

struct Network {
  std::string_view text;
  int bits;
};

// RFC 6890 and the registries that it points to; multicast (RFC 5771, RFC 4291 section 2.7).
constexpr Network kSpecialIpv4[] = {
    {"0.0.0.0", 8},     {"10.0.0.0", 8},      {"100.64.0.0", 10},  {"127.0.0.0", 8},    {"169.254.0.0", 16},
    {"172.16.0.0", 12}, {"192.0.0.0", 24},    {"192.0.2.0", 24},   {"192.88.99.0", 24}, {"192.168.0.0", 16},
    {"198.18.0.0", 15}, {"198.51.100.0", 24}, {"203.0.113.0", 24}, {"224.0.0.0", 3}};
// Public is what IANA has given out, 2000::/3, without these.
constexpr Network kSpecialIpv6[] = {{"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"3fff::", 20}};

bool is_in(const IpAddress& address, const Network& network, int offset) noexcept {
  IpAddress base;
  return parse_ip(network.text, base) && matches(address, base, network.bits + offset);
}

}  // namespace

bool IpAddress::is_ipv4() const noexcept { return std::memcmp(bytes, kMapped, sizeof kMapped) == 0; }

bool IpAddress::is_public() const noexcept {
  if (is_ipv4())
    return std::none_of(std::begin(kSpecialIpv4), std::end(kSpecialIpv4),
                        [this](const Network& network) { return is_in(*this, network, 96); });
  return is_in(*this, {"2000::", 3}, 0) &&
         std::none_of(std::begin(kSpecialIpv6), std::end(kSpecialIpv6),
                      [this](const Network& network) { return is_in(*this, network, 0); });
}

std::string IpAddress::text() const {
  char out[INET6_ADDRSTRLEN] = {};
  if (is_ipv4()) return inet_ntop(AF_INET, bytes + sizeof kMapped, out, sizeof out);
  return "[" + std::string(inet_ntop(AF_INET6, bytes, out, sizeof out)) + "]";
}

bool parse_ip(std::string_view text, IpAddress& address) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const std::string copy(text);
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes) == 1) return true;
  std::memcpy(address.bytes, kMapped, sizeof kMapped);
  return inet_pton(AF_INET, copy.c_str(), address.bytes + sizeof kMapped) == 1;
}

bool is_host_name(std::string_view text) noexcept {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > limits::kHostNameBytes) return false;
  std::size_t label = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      constexpr std::size_t kLabelBytes = 63;
      if (label == 0 || label > kLabelBytes || text[i - 1] == '-' || text[i - label] == '-') return false;
      label = 0;
      continue;
    }
    const char c = lower(text[i]);
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_') return false;
    ++label;
  }
  // All digits in the last label would be an address to some resolvers (`127.1`, `2130706433`).
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return !std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         !last.starts_with("0x") && !last.starts_with("0X");
}

Result<AllowList::Entry> AllowList::make_entry(std::string_view address, std::string_view port,
                                               std::uint64_t line) {
  Entry entry;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), entry.port);
  if (error != std::errc() || end != port.data() + port.size() || entry.port == 0)
    return Error{ErrorCode::kMalformed, "port is not a number from 1 to 65535", line};
  if (const std::size_t slash = address.find('/'); slash != std::string_view::npos) {
    const std::string_view bits = address.substr(slash + 1);
    const auto [bits_end, bits_error] =
        std::from_chars(bits.data(), bits.data() + bits.size(), entry.prefix_bits);
    const bool is_number = bits_error == std::errc() && bits_end == bits.data() + bits.size();
    if (!parse_ip(address.substr(0, slash), entry.address) || !is_number || entry.prefix_bits < 0 ||
        entry.prefix_bits > (entry.address.is_ipv4() ? 32 : 128))
      return Error{ErrorCode::kMalformed, "address is not a network", line};
    if (entry.address.is_ipv4()) entry.prefix_bits += 96;
    entry.is_network = true;
    return entry;
  }
  if (parse_ip(address, entry.address)) {
    entry.prefix_bits = 128;
    return entry;
  }
  const bool is_suffix = address.starts_with("*.");
  if (!is_host_name(is_suffix ? address.substr(2) : address))
    return Error{ErrorCode::kMalformed, "address is neither a name, `*.` and a name, nor an address", line};
  entry.name = normalized(is_suffix ? address.substr(1) : address);
  return entry;
}

Result<AllowList> AllowList::parse(std::string_view yaml) {
  NES_TRY_ASSIGN(const std::vector<YamlEntry> read, read_allow_list(yaml));
  AllowList list;
  for (const YamlEntry& item : read) {
    NES_TRY_ASSIGN(Entry entry, make_entry(item.address, item.port, item.line));
    list.entries_.push_back(std::move(entry));
  }
  return list;
}

bool AllowList::may_ask(std::string_view host, std::uint16_t port) const {
  IpAddress address;
  const bool is_address = parse_ip(host, address);
  if (!is_address && !is_host_name(host)) return false;
  const std::string name = is_address ? std::string() : normalized(host);
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (entry.port != port) return false;
    if (entry.prefix_bits >= 0) return is_address && !entry.is_network && entry.address == address;
    if (is_address) return false;
    if (!entry.name.starts_with('.')) return entry.name == name;
    return name.size() > entry.name.size() && name.ends_with(entry.name);
  });
}

bool AllowList::may_reach(const IpAddress& address, std::uint16_t port) const {
  if (address.is_public()) return true;
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.prefix_bits >= 0 && entry.port == port && matches(address, entry.address, entry.prefix_bits);
  });
}

}  // namespace nes::vsock_proxy
