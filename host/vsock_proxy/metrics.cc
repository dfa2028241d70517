#include "host/vsock_proxy/metrics.h"

#include <algorithm>

namespace nes::vsock_proxy {
namespace {

constexpr std::string_view kCauses[] = {"connect", "resolve", "refused", "peer", "malformed", "timeout",
                                        "limit",   "reset",   "stalled", "cut",  "accept",    "credentials"};
static_assert(std::size(kCauses) == static_cast<std::size_t>(Cause::kCount));

void family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n");
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void sample(std::string& out, std::string_view name, std::string_view mode, std::string_view labels,
            const std::string& value) {
  out.append(name).append("{mode=\"").append(mode).append("\"").append(labels).append("} ");
  out.append(value).append("\n");
}

std::string seconds(std::int64_t ms) {
  std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
  return std::to_string(ms / 1000) + "." + fraction;
}

}  // namespace

std::string_view cause_name(Cause cause) noexcept { return kCauses[static_cast<std::size_t>(cause)]; }

void Metrics::connected_after(std::int64_t ms) noexcept {
  const auto at = std::lower_bound(kBucketsMs.begin(), kBucketsMs.end(), ms);
  ++latency_[static_cast<std::size_t>(at - kBucketsMs.begin())];
  latency_sum_ms_ += ms;
}

std::string Metrics::render(std::string_view mode) const {
  std::string out;
  family(out, "vsock_proxy_connections_total", "counter", "Connections accepted.");
  sample(out, "vsock_proxy_connections_total", mode, "", std::to_string(accepted));
  family(out, "vsock_proxy_connections_open", "gauge", "Connections that are open now.");
  sample(out, "vsock_proxy_connections_open", mode, "", std::to_string(open));
  family(out, "vsock_proxy_bytes_total", "counter",
         "Bytes carried, away from whoever connected (out) and back (in).");
  sample(out, "vsock_proxy_bytes_total", mode, ",direction=\"out\"", std::to_string(bytes.to_second));
  sample(out, "vsock_proxy_bytes_total", mode, ",direction=\"in\"", std::to_string(bytes.to_first));
  family(out, "vsock_proxy_errors_total", "counter",
         "Connections that were not carried to their end, by cause.");
  for (std::size_t i = 0; i < errors_.size(); ++i)
    sample(out, "vsock_proxy_errors_total", mode, ",cause=\"" + std::string(kCauses[i]) + "\"",
           std::to_string(errors_[i]));
  const std::string_view latency = "vsock_proxy_connect_seconds";
  family(out, latency, "histogram", "From a client's connection to the other side's.");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i <= kBucketsMs.size(); ++i) {
    below += latency_[i];
    const std::string bound = i == kBucketsMs.size() ? "+Inf" : seconds(kBucketsMs[i]);
    sample(out, "vsock_proxy_connect_seconds_bucket", mode, ",le=\"" + bound + "\"", std::to_string(below));
  }
  sample(out, "vsock_proxy_connect_seconds_sum", mode, "", seconds(latency_sum_ms_));
  sample(out, "vsock_proxy_connect_seconds_count", mode, "", std::to_string(below));
  return out;
}

}  // namespace nes::vsock_proxy
