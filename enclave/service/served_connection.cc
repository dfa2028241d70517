#include "enclave/service/served_connection.h"

#include <utility>

#include "enclave/service/worker.h"

namespace nes::service {

ServedConnection::ServedConnection(Worker& worker, std::unique_ptr<os::Stream> stream,
                                   std::span<const Route> routes)
    : worker_(worker), stream_(std::move(stream)), routes_(routes) {}

ServedConnection::ServedConnection(ServedConnection&& other) noexcept
    : worker_(other.worker_),
      stream_(std::move(other.stream_)),
      routes_(other.routes_),
      of_client_(other.of_client_),
      client_names_(std::move(other.client_names_)),
      client_sans_(std::move(other.client_sans_)),
      index_(other.index_),
      held_(std::exchange(other.held_, 0)),
      interest_(other.interest_),
      in_loop_(std::exchange(other.in_loop_, false)),
      surplus_(other.surplus_) {
  worker_.loop().modify(stream_->fd(), interest_, *this);
}

ServedConnection::~ServedConnection() {
  set_held(0);
  if (in_loop_) worker_.loop().remove(stream_->fd(), *this);
}

Result<void> ServedConnection::join_loop() {
  NES_TRY(worker_.loop().add(stream_->fd(), EPOLLIN, *this));
  interest_ = EPOLLIN;
  in_loop_ = true;
  return {};
}

void ServedConnection::set_interest(std::uint32_t events) {
  if (events == interest_) return;
  interest_ = events;
  worker_.loop().modify(stream_->fd(), events, *this);
}

void ServedConnection::set_held(std::size_t bytes) {
  if (bytes == held_) return;
  worker_.state().status.inflight_bytes.fetch_add(bytes - held_,
                                                  std::memory_order_relaxed);  // wraps as intended
  held_ = bytes;
}

bool ServedConnection::would_overload(std::size_t bytes) const {
  const State& state = worker_.state();
  const std::uint64_t inflight = state.status.inflight_bytes.load(std::memory_order_relaxed);
  return inflight - held_ + bytes > state.settings.max_inflight_bytes;
}

void ServedConnection::learn_client() {
  client_names_ = tls::client_names(*stream_);
  for (const tls::ClientName& name : client_names_)
    client_sans_.push_back(
        {.type = name.type == tls::ClientName::Type::kDns ? config::SanType::kDns : config::SanType::kUri,
         .value = name.value});
}

RequestInfo ServedConnection::describe(const http::RequestHead& head) const {
  const auto content_type = head.find_single("Content-Type");
  const auto schema = head.find_single(worker_.state().settings.schema_header_name);
  http::Preferences preferences;
  bool bad_preferences = false;
  int traceparents = 0;
  std::string_view traceparent;
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    const http::Field& field = head.field(i);
    if (http::equals_ignore_case(field.name, "Prefer")) bad_preferences |= !preferences.add(field.value);
    if (http::equals_ignore_case(field.name, "traceparent")) {
      traceparent = field.value;
      ++traceparents;
    }
  }
  return {.method = head.method,
          .path = head.path,
          .query = head.query,
          .content_type = content_type.ok() ? *content_type : std::nullopt,
          .schema_header = schema.ok() ? *schema : std::nullopt,
          .client = {.sans = client_sans_},
          .preferences = preferences,
          .repeats_field = !content_type.ok() || !schema.ok(),
          .bad_preferences = bad_preferences,
          .http_1_0 = head.minor_version == 0,
          .surplus = surplus_,
          .traceparent = traceparents == 1 ? std::optional(traceparent) : std::nullopt};
}

bool ServedConnection::describes(std::string_view name) const noexcept {
  for (const std::string_view read :
       {std::string_view("Content-Type"), std::string_view("Prefer"), std::string_view("traceparent"),
        std::string_view(worker_.state().settings.schema_header_name)})
    if (http::equals_ignore_case(name, read)) return true;
  return false;
}

void ServedConnection::note_request() {
  if (of_client_) worker_.counters().add(telemetry::Counter::kRequests);
}

void ServedConnection::note_answer(const Response& response) {
  if (!of_client_) return;
  if (response.status >= 400) worker_.counters().add(telemetry::Counter::kRequestsFailed);
  if (response.status >= 500) worker_.counters().add(telemetry::Counter::kRequestsErrored);
}

void ServedConnection::note_span(const RequestInfo& request, const Route* route, std::int64_t begin_us,
                                 const Response& response) {
  RequestMeter& meter = worker_.meter();
  meter.record(meter.trace(request, route, begin_us), {.status = response.status,
                                                       .error = response.error,
                                                       .schema = response.schema,
                                                       .fields = response.count});
}

void ServedConnection::end_sending() {
  stream_->end();
  os::shutdown_write(stream_->fd());
  set_held(0);
  set_interest(EPOLLIN);
}

void ServedConnection::discard_rest() {
  const os::StreamStatus status = os::discard_input(stream_->fd());
  if (status == os::StreamStatus::kClosed || status == os::StreamStatus::kFailed) close();
}

bool ServedConnection::is_ending() const noexcept { return surplus_ || worker_.draining(); }

void ServedConnection::close() { worker_.forget(*this); }

}  // namespace nes::service
