#include "enclave/service/service.h"

#include <sys/socket.h>

#include <utility>

#include "attest/tls_binding.h"
#include "base/limits.h"
#include "enclave/service/ending.h"

namespace nes::service {

using telemetry::Counter;
using telemetry::OperatorText;

namespace {

constexpr std::int64_t kCertificateIntervalMs = 3'600'000;
enum Task : std::size_t { kCertificate, kCredentials, kKeys, kSchemas };
constexpr std::int64_t kCredentialsIntervalMs = 30'000;

Settings settings_of(const config::Config& config) {
  return {.schema_header_name = config.schema_header_name,
          .max_body_bytes = config.max_body_bytes,
          .max_inflight_bytes = config.max_inflight_bytes,
          .max_connections = config.max_connections,
          .token_options = {.accept_v1 = config.accept_v1_tokens}};
}

SchemaStore::Options schema_options_of(const config::Config& config) {
  SchemaStore::Options options;
  if (config.pii_default_mode == config::PiiMode::kDeterministic)
    options.compile.default_mode = schema::Mode::kDeterministic;
  if (config.schema_public_key) {
    auto key = crypto::Ed25519PublicKey::from_raw(*config.schema_public_key);
    NES_CHECK(key.ok());  // it has 32 bytes
    options.public_key = std::move(key).value();
  }
  options.min_version = config.schema_min_version;
  return options;
}

}  // namespace

Service::Service(const config::Config& config, Surroundings surroundings, const Clock& clock,
                 telemetry::Log& log)
    : config_(config),
      surroundings_(std::move(surroundings)),
      clock_(clock),
      log_(log),
      counters_(surroundings_.counters),
      refresh_counters_(counters_.add_shard()),
      keyring_(surroundings_.key_source),
      schemas_(surroundings_.schema_source, schema_options_of(config), log, refresh_counters_),
      seal_limit_(config.deterministic_seals_per_sec, clock),
      attestation_(surroundings_.nsm ? std::make_unique<Attestation>(*surroundings_.nsm, clock) : nullptr),
      spans_(surroundings_.parent ? spans_of(config) : nullptr),
      state_{.clock = clock,
             .log = log,
             .counters = counters_,
             .settings = settings_of(config),
             .authorization = {config.encrypt_clients, config.decrypt_clients},
             .keys = keyring_.keys(),
             .schemas = schemas_.schemas(),
             .key_versions = keyring_.version_ids(),
             .tls = tls_,
             .attestation = attestation_.get(),
             .key_use = key_use_,
             .seal_limit = seal_limit_,
             .started_ms = clock.monotonic_ms(),
             .request_key_refresh = [this] { refresher_->request(kKeys); },
             .request_drain = [this] { control_->loop().post([this] { start_drain(); }); },
             .spans = spans_.get(),
             .sampling = sampling_of(config)},
      tls_socket_(std::move(surroundings_.tls_socket)) {}

Service::~Service() {
  for (const auto& worker : workers_) worker->request_stop();
  for (std::thread& thread : threads_) thread.join();
}

Result<void> Service::renew_certificate() {
  CertificateSource& source = surroundings_.certificate_source;
  NES_TRY_ASSIGN(auto identity, source.renew());
  auto served = std::make_shared<ServedTls>();
  NES_TRY_ASSIGN(served->attested_user_data, attest::tls_user_data(identity->public_key_der()));
  const auto version =
      config_.tls_min_version == config::TlsVersion::kTls12 ? tls::Version::kTls12 : tls::Version::kTls13;
  NES_TRY_ASSIGN(served->context, tls::ServerContext::create(std::move(identity), ticket_key_,
                                                             {.min_version = version,
                                                              .protocols = {"h2", "http/1.1"},
                                                              .client_ca_pem = config_.tls_client_ca_pem}));
  tls_.publish(std::move(served));
  log_.write(telemetry::CertificateRenewed{.source = source.name(), .attested = source.is_attested()});
  if (!std::exchange(listening_, true)) start_listening();
  return {};
}

// A certificate made here is there at once. One from elsewhere may be long in coming: clients are kept out
// until then, the node can ask for /livez.
Result<void> Service::start_certificate() {
  NES_TRY_ASSIGN(ticket_key_, tls::TicketKey::create());
  if (surroundings_.certificate_source.is_remote()) return {};
  return renew_certificate();
}

Result<void> Service::start_control() {
  NES_TRY_ASSIGN(control_, Worker::create(state_));
  NES_TRY(os::start_listening(surroundings_.health_socket->get(), SOMAXCONN));
  const bool by_vsock = surroundings_.health_endpoint.transport == os::Transport::kVsock;
  NES_TRY(control_->listen({.socket = surroundings_.health_socket,
                            .routes = health_routes(),
                            .serves_clients = false,
                            .peer_cid = by_vsock ? std::optional(config_.vsock_proxy_cid) : std::nullopt}));
  log_.write(telemetry::Listening{
      .purpose = "health",
      .endpoint = OperatorText::configuration(os::format_endpoint(surroundings_.health_endpoint))});
  return {};
}

Result<void> Service::start_workers() {
  for (std::size_t i = 0; i < config_.worker_threads; ++i) {
    NES_TRY_ASSIGN(auto worker, Worker::create(state_));
    Worker* const raw = worker.get();
    state_.exchange.add_helper(*raw, [raw] { raw->request_help(); });
    workers_.push_back(std::move(worker));
  }
  for (const auto& worker : workers_) threads_.emplace_back([raw = worker.get()] { raw->run(); });
  return {};
}

// Once there is a certificate to show. A worker that cannot take connections ends the service: half of it is
// harder to notice than none.
void Service::start_listening() {
  const auto failed = [this](const Error& error) {
    log_.write(telemetry::StepFailed{.step = "listener", .error = error, .retry_in_ms = 0});
    failed_ = true;
    control_->request_stop();
  };
  std::shared_ptr<const os::UniqueFd> socket;
  {
    const std::lock_guard lock(tls_socket_mutex_);
    socket = tls_socket_;
  }
  if (socket == nullptr) return;  // it drains already
  const auto started = os::start_listening(socket->get(), limits::kListenBacklog);
  if (!started.ok()) return failed(started.error());
  for (const auto& worker : workers_) {
    worker->loop().post([failed, socket, raw = worker.get()] {
      if (raw->draining()) return;
      const auto listening =
          raw->listen({.socket = socket, .routes = service_routes(), .serves_clients = true});
      if (!listening.ok()) failed(listening.error());
    });
  }
  log_.write(telemetry::Listening{
      .purpose = "tls",
      .endpoint = OperatorText::configuration(os::format_endpoint(surroundings_.tls_endpoint))});
}

void Service::make_refresher() {
  std::vector<Refresher::Task> tasks(4, {.step = "", .interval_ms = 0, .min_request_gap_ms = 0, .run = {}});
  tasks[kCertificate] = {.step = "certificate",
                         .at_start = surroundings_.certificate_source.is_remote(),
                         .interval_ms = kCertificateIntervalMs,
                         .min_request_gap_ms = kCertificateIntervalMs,
                         .run = [this] { return renew_certificate(); }};
  tasks[kCredentials] = {.step = "credentials",
                         .interval_ms = kCredentialsIntervalMs,
                         .min_request_gap_ms = kCredentialsIntervalMs,
                         .run = surroundings_.refresh_credentials};
  tasks[kKeys] = {.step = "keys",
                  .interval_ms = config_.dek_rotation_interval_secs * 1000,
                  .min_request_gap_ms = limits::kKeyRefreshGapMs,
                  .run = [this] { return refresh_keys(); }};
  tasks[kSchemas] = {.step = "schemas",
                     .interval_ms = config_.schema_refresh_interval_secs * 1000,
                     .min_request_gap_ms = 0,
                     .run = [this] { return refresh_schemas(); }};
  refresher_ = std::make_unique<Refresher>(std::move(tasks), clock_, log_);
}

Result<void> Service::refresh_keys() {
  const auto outcome = keyring_.refresh();
  state_.status.keys_failing = !outcome.ok() || outcome->refused != 0 || outcome->unreadable != 0;
  if (!outcome.ok()) {
    refresh_counters_.add(Counter::kKeyRefreshFailures);
    return outcome.error();
  }
  state_.status.keys_confirmed_ms = clock_.monotonic_ms();
  if (outcome->refused != 0 || outcome->unreadable != 0)
    log_.write(telemetry::KeysRefused{.collisions = outcome->refused, .unreadable = outcome->unreadable});
  if (outcome->changed) {
    const auto keys = keyring_.keys().get();
    const token::KeyId& kid = keys->sealing_key().kid();
    log_.write(telemetry::KeysLoaded{.sealing_kid = OperatorText::key_id({kid.data(), kid.size()}),
                                     .keys = keys->keys().size(),
                                     .encryption_context = outcome->encryption_context});
    if (state_.status.keys_loaded) refresh_counters_.add(Counter::kDekRotations);
    state_.status.keys_loaded = true;
    note_readiness();
  }
  return {};
}

Result<void> Service::refresh_schemas() {
  const auto result = schemas_.refresh();
  state_.status.schemas_failing = !result.ok() || schemas_.failing() != 0;
  NES_TRY(result);
  schema_ages_.note(schemas_.confirmed(), schemas_.refused(), clock_.monotonic_ms());
  state_.status.schemas_listed = true;
  note_readiness();
  return {};
}

void Service::note_readiness() {
  if (ready_noted_ || !state_.status.keys_loaded || !state_.status.schemas_listed) return;
  ready_noted_ = true;
  log_.write(telemetry::ServiceReady{.keys = keyring_.keys().get()->keys().size(),
                                     .schemas = schemas_.schemas().get()->size()});
}

// Without export the service serves on.
void Service::start_exports() {
  if (!surroundings_.parent) return;
  auto started = Exports::start(config_,
                                {.parent = *surroundings_.parent,
                                 .ca_pem = surroundings_.ca_pem,
                                 .version = surroundings_.version,
                                 .log_records = surroundings_.log_records},
                                state_, schema_ages_);
  if (started.ok())
    exports_ = std::move(started).value();
  else
    log_.write(telemetry::StepFailed{.step = "telemetry", .error = started.error(), .retry_in_ms = 0});
}

void Service::start_drain() {
  if (state_.status.draining.exchange(true)) return;
  log_.write(telemetry::DrainStarted{.connections = state_.status.connections.load()});
  {
    // The workers have it: the last one to drain closes it, and who comes then is refused instead of left
    // waiting.
    const std::lock_guard lock(tls_socket_mutex_);
    tls_socket_.reset();
  }
  for (const auto& worker : workers_) worker->request_drain();
}

int Service::run() {
  const auto failed = [this](base::StaticText step, const Error& error) {
    log_.write(telemetry::StepFailed{.step = step, .error = error, .retry_in_ms = 0});
    return 1;
  };
  if (const auto started = start_control(); !started.ok()) return failed("health listener", started.error());
  auto ending = Ending::create(*control_, state_.status, clock_, [this] { start_drain(); });
  if (!ending.ok()) return failed("signals", ending.error());
  make_refresher();
  if (const auto started = start_workers(); !started.ok()) return failed("listener", started.error());
  if (const auto started = start_certificate(); !started.ok()) return failed("certificate", started.error());
  start_exports();
  refresher_->start();
  control_->run();
  surroundings_.interrupt();
  if (failed_) return 1;
  log_.write(telemetry::ServiceStopped{.connections_cut = (*ending)->connections_cut()});
  return 0;
}

}  // namespace nes::service
