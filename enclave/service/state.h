// What all threads of the service share: settings that do not change, published snapshots, and how things
// stand.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/published.h"
#include "enclave/service/attestation.h"
#include "enclave/service/batch_exchange.h"
#include "enclave/service/key_use.h"
#include "enclave/service/routes.h"
#include "enclave/service/schema_store.h"
#include "enclave/service/seal_limit.h"
#include "keyring/keyring.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/span.h"
#include "tls/server.h"
#include "token/token.h"

namespace nes::service {

struct Settings {
  std::string schema_header_name;
  std::uint64_t max_body_bytes = 0;
  std::uint64_t max_inflight_bytes = 0;
  std::size_t max_connections = 0;
  token::TokenCipher::Options token_options;
};

// How the service stands. Written by the control thread and the refresher, read by all.
struct Status {
  std::atomic<bool> keys_loaded{false};
  std::atomic<bool> schemas_listed{false};
  std::atomic<bool> keys_failing{false};     // the last refresh failed
  std::atomic<bool> schemas_failing{false};  // the last listing failed, or a schema is refused
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};  // of clients
  std::atomic<std::size_t> listeners{0};    // sockets that take them, a worker each
  std::atomic<std::uint64_t> inflight_bytes{0};
  std::atomic<std::int64_t> keys_confirmed_ms{-1};  // on the monotonic clock, by the last refresh; -1: never

  bool ready() const noexcept { return keys_loaded && schemas_listed && listeners != 0 && !draining; }
};

// What TLS serves with.
struct ServedTls {
  std::shared_ptr<const tls::ServerContext> context;
  Bytes attested_user_data;  // attest::tls_user_data() of its key
};

struct State {
  const Clock& clock;
  telemetry::Log& log;
  telemetry::CounterRegistry& counters;
  const Settings settings;
  const Authorization authorization;
  const base::Published<token::KeySet>& keys;
  const base::Published<SchemaSet>& schemas;
  const base::Published<keyring::VersionIds>& key_versions;
  const base::Published<ServedTls>& tls;
  Attestation* attestation;  // null without an NSM
  KeyUseRegistry& key_use;
  SealLimit& seal_limit;
  const std::int64_t started_ms;              // on the monotonic clock
  std::function<void()> request_key_refresh;  // a token named a key that is not loaded; any thread
  std::function<void()> request_drain;        // any thread
  Status status{};
  BatchExchange exchange{};
  telemetry::SpanRegistry* spans = nullptr;  // null: no request is traced
  telemetry::Sampling sampling{};
  std::atomic<std::uint64_t> next_request_id{1};
};

}  // namespace nes::service
