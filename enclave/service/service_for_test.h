// What a worker needs of a service, with one schema and one key, and a Unix socket in the clear to reach it
// by.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "enclave/service/worker.h"

namespace nes::service {

class ServiceForTest {
 public:
  // `spans` may be null; else it must outlive the service.
  ServiceForTest(std::string_view schema_name, std::string_view schema, std::size_t max_inflight_bytes,
                 telemetry::SpanRegistry* spans = nullptr)
      : log_(clock_, telemetry::Level::kError, null_.get()),
        source_(schema_name, schema),
        state_{.clock = clock_,
               .log = log_,
               .counters = counters_,
               .settings = {.schema_header_name = "X-Schema-Name",
                            .max_body_bytes = 1 << 20,
                            .max_inflight_bytes = max_inflight_bytes,
                            .max_connections = 10,
                            .token_options = {}},
               .authorization = {anyone_, anyone_},
               .keys = keys_,
               .schemas = store_.schemas(),
               .key_versions = versions_,
               .tls = tls_,
               .attestation = nullptr,
               .key_use = key_use_,
               .seal_limit = no_limit_,
               .started_ms = 0,
               .request_key_refresh = [] {},
               .request_drain = [] {},
               .spans = spans,
               .sampling = {.enabled = spans != nullptr}} {
    EXPECT_TRUE(store_.refresh().ok());
    secret::SecretBytes dek(32);
    std::memset(dek.reveal_mutable().data(), 7, dek.size());
    keys_.publish(token::KeySet::make({token::DataKey::derive(dek).value()}).value());
  }

  State& state() noexcept { return state_; }
  std::uint64_t held() const { return state_.status.inflight_bytes; }

  // Once.
  void listen_with(Worker& worker) {
    os::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    address_.sun_family = AF_UNIX;  // bound to no name: the kernel chooses an abstract one
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_.sun_family), 0);
    EXPECT_EQ(::listen(listener.get(), 10), 0);
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address_), &address_size_), 0);
    EXPECT_TRUE(worker
                    .listen({.socket = std::make_shared<const os::UniqueFd>(std::move(listener)),
                             .routes = service_routes(),
                             .serves_clients = false})
                    .ok());
  }
  os::UniqueFd connect() const {
    os::UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address_), address_size_), 0);
    return client;
  }

 private:
  class OneSchema final : public SchemaSource {
   public:
    OneSchema(std::string_view name, std::string_view text)
        : key_(std::string(name) + ".yaml"), text_(text) {}
    Result<std::vector<SchemaObject>> list() override {
      return std::vector<SchemaObject>{{.key = key_, .etag = "1"}};
    }
    Result<std::string> get(const SchemaObject& /*object*/, std::size_t /*max_bytes*/) override {
      return text_;
    }

   private:
    std::string key_, text_;
  };

  const base::SystemClock clock_;
  os::UniqueFd null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  telemetry::Log log_;
  telemetry::CounterRegistry counters_;
  OneSchema source_;
  SchemaStore store_{source_, {}, log_, counters_.add_shard()};
  base::Published<token::KeySet> keys_;
  base::Published<keyring::VersionIds> versions_;
  base::Published<ServedTls> tls_;
  KeyUseRegistry key_use_;
  SealLimit no_limit_{0, clock_};
  const config::ClientPatterns anyone_ =
      std::get<config::ClientPatterns>(config::ClientPatterns::parse("anonymous"));
  State state_;
  sockaddr_un address_{};
  socklen_t address_size_ = sizeof address_;
};

}  // namespace nes::service
