#include "host/vsock_proxy/metrics.h"

#include <gtest/gtest.h>

namespace nes::vsock_proxy {
namespace {

bool has(const std::string& text, std::string_view line) {
  return text.find(std::string(line) + "\n") != std::string::npos;
}

TEST(Metrics, are_prometheus_text) {
  Metrics metrics;
  metrics.accepted = 3;
  metrics.open = 1;
  metrics.bytes.to_second = 10;
  metrics.bytes.to_first = 20;
  metrics.count(Cause::kRefused);
  metrics.connected_after(1);
  metrics.connected_after(2);
  metrics.connected_after(31'000);
  const std::string text = metrics.render("egress");
  for (const std::string_view line :
       {"# TYPE vsock_proxy_connections_total counter", "vsock_proxy_connections_total{mode=\"egress\"} 3",
        "vsock_proxy_connections_open{mode=\"egress\"} 1",
        "vsock_proxy_bytes_total{mode=\"egress\",direction=\"out\"} 10",
        "vsock_proxy_bytes_total{mode=\"egress\",direction=\"in\"} 20",
        "vsock_proxy_errors_total{mode=\"egress\",cause=\"refused\"} 1",
        "vsock_proxy_errors_total{mode=\"egress\",cause=\"connect\"} 0",
        "vsock_proxy_connect_seconds_bucket{mode=\"egress\",le=\"0.001\"} 1",
        "vsock_proxy_connect_seconds_bucket{mode=\"egress\",le=\"0.002\"} 2",
        "vsock_proxy_connect_seconds_bucket{mode=\"egress\",le=\"30.000\"} 2",
        "vsock_proxy_connect_seconds_bucket{mode=\"egress\",le=\"+Inf\"} 3",
        "vsock_proxy_connect_seconds_sum{mode=\"egress\"} 31.003",
        "vsock_proxy_connect_seconds_count{mode=\"egress\"} 3"})
    EXPECT_TRUE(has(text, line)) << line << "\n" << text;
}

}  // namespace
}  // namespace nes::vsock_proxy
