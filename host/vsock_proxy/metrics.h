// What the admin port says of the connections, in the Prometheus text format.
//
// Thread rule: the loop's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/vsock_proxy/relay.h"

namespace nes::vsock_proxy {

// Why a connection was not carried, or not to its end.
enum class Cause : std::uint8_t {
  kConnect,      // the other side could not be reached
  kResolve,      // its name could not
  kRefused,      // not on the allow-list, or an address that is not for everyone
  kPeer,         // a peer with another CID
  kMalformed,    // not HTTP CONNECT
  kTimeout,      // a head that does not end
  kLimit,        // too many connections
  kReset,        // failed while it was carried
  kStalled,      // half-closed without progress
  kCut,          // at the end of the drain
  kAccept,       // the kernel had no descriptors: accepting rested
  kCredentials,  // their source failed
  kCount
};
std::string_view cause_name(Cause cause) noexcept;

class Metrics {
 public:
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  Relay::Bytes bytes;  // to_second: away from whoever connected

  void count(Cause cause) noexcept { ++errors_[static_cast<std::size_t>(cause)]; }
  std::uint64_t errors(Cause cause) const noexcept { return errors_[static_cast<std::size_t>(cause)]; }
  // From the wish to connect to the connection.
  void connected_after(std::int64_t ms) noexcept;

  // `mode`: the label of every sample.
  std::string render(std::string_view mode) const;

 private:
  static constexpr std::array<std::int64_t, 10> kBucketsMs = {1,   2,   5,     10,     25,
                                                              100, 500, 2'000, 10'000, 30'000};

  std::array<std::uint64_t, static_cast<std::size_t>(Cause::kCount)> errors_{};
  std::array<std::uint64_t, kBucketsMs.size() + 1> latency_{};
  std::int64_t latency_sum_ms_ = 0;
};

}  // namespace nes::vsock_proxy
