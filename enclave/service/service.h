// The life of the service: its start (docs/start-up.md), background refresh, drain and end.
//
// Threads: one that calls run() (signals, health port), one a worker, one that refreshes keys, schemas and
// the certificate.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "enclave/config/config.h"
#include "enclave/service/attestation.h"
#include "enclave/service/certificate.h"
#include "enclave/service/exports.h"
#include "enclave/service/gauges.h"
#include "enclave/service/refresher.h"
#include "enclave/service/schema_store.h"
#include "enclave/service/state.h"
#include "enclave/service/worker.h"
#include "keyring/keyring.h"
#include "os/endpoint.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "tls/server.h"

namespace nes::service {

// Where the outside world is: production and development differ in this alone.
struct Surroundings {
  keyring::KeySource& key_source;
  SchemaSource& schema_source;
  CertificateSource& certificate_source;
  std::function<Result<void>()> refresh_credentials;
  std::function<void()> interrupt;  // lets the sources fail at once; they are not asked again
  attest::Nsm* nsm;                 // null: /attestation is not there
  os::Endpoint tls_endpoint;
  os::Endpoint health_endpoint;
  // Bound to these, not listening: a port below 1024 takes a right that the process has given up by now.
  std::shared_ptr<const os::UniqueFd> tls_socket;
  std::shared_ptr<const os::UniqueFd> health_socket;
  telemetry::CounterRegistry& counters;
  // Where the collector is reached through; nothing: nothing is exported.
  std::optional<os::Endpoint> parent;
  std::string ca_pem;
  std::string version;
  std::shared_ptr<telemetry::LogRecords> log_records;  // the log's
};

class Service {
 public:
  // All must outlive the service.
  Service(const config::Config& config, Surroundings surroundings, const Clock& clock, telemetry::Log& log);
  ~Service();

  // Runs until SIGTERM or SIGINT and the drain that follows. The process's exit status: 0 after a drain, 1 if
  // it could not start (the log says why). Call once, with these signals blocked in all threads.
  int run();

 private:
  // The steps of start-up, in order.
  Result<void> start_control();
  Result<void> start_workers();
  Result<void> start_certificate();
  void make_refresher();

  Result<void> renew_certificate();
  void start_listening();
  Result<void> refresh_keys();
  Result<void> refresh_schemas();
  void note_readiness();
  void start_exports();
  // On the control thread.
  void start_drain();

  const config::Config& config_;
  Surroundings surroundings_;
  const Clock& clock_;
  telemetry::Log& log_;
  telemetry::CounterRegistry& counters_;
  KeyUseRegistry key_use_;
  telemetry::CounterShard& refresh_counters_;  // of the refresher's thread
  keyring::Keyring keyring_;
  SchemaStore schemas_;
  base::Published<ServedTls> tls_;
  SealLimit seal_limit_;
  std::unique_ptr<Attestation> attestation_;
  SchemaAges schema_ages_;
  std::unique_ptr<telemetry::SpanRegistry> spans_;
  State state_;
  bool ready_noted_ = false;

  std::shared_ptr<const tls::TicketKey> ticket_key_;
  std::mutex tls_socket_mutex_;
  std::shared_ptr<const os::UniqueFd> tls_socket_;  // until the drain
  bool listening_ = false;                          // on tls_socket_
  std::atomic<bool> failed_{false};
  std::unique_ptr<Worker> control_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::unique_ptr<Refresher> refresher_;
  std::unique_ptr<Exports> exports_;
};

}  // namespace nes::service
