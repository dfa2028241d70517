#include "enclave/service/handler.h"

#include <utility>

#include "base/check.h"
#include "enclave/service/openapi.h"
#include "enclave/service/reports.h"
#include "http/media_type.h"
#include "http/response.h"

namespace nes::service {

using telemetry::Counter;
using telemetry::Histogram;
using telemetry::OperatorText;

namespace {

Histogram latency_of(Direction direction) noexcept {
  return direction == Direction::kSeal   ? Histogram::kEncryptLatency
         : direction == Direction::kOpen ? Histogram::kDecryptLatency
                                         : Histogram::kRewrapLatency;
}

// As SealLimit counts it: two spellings of a DNS name are one client.
std::string client_name(const config::San& san) {
  std::string name(san.type == config::SanType::kDns ? "DNS:" : "URI:");
  name += san.value;
  if (san.type != config::SanType::kDns) return name;
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

}  // namespace

Handler::Handler(State& state, telemetry::CounterShard& counters, RequestMeter& meter)
    : state_(state),
      counters_(counters),
      meter_(meter),
      key_use_(state.key_use.add_shard()),
      pipeline_({.keys = state.keys,
                 .schemas = state.schemas,
                 .seal_limit = state.seal_limit,
                 .on_planned = [&meter] { meter.ends(Histogram::kPhasePlan); }},
                state.settings.token_options) {}

Result<const Route*> Handler::admit(std::span<const Route> routes, const RequestInfo& request) const {
  if (request.surplus) return Error{ErrorCode::kOverloaded, "there are too many connections"};
  if (request.repeats_field) return Error{ErrorCode::kMalformedRequest, "a header field is repeated"};
  NES_TRY_ASSIGN(const Route* route, find_route(routes, request.method, request.path));
  if (!state_.authorization.allows(request.client, route->permission))
    return Error{ErrorCode::kNotAllowed, "the client may not do this"};
  if (route->body == Body::kNone) return route;
  const bool batch = is_batch(*route, request);
  if (!batch && (!request.content_type || !http::media_type_is(*request.content_type, "application/json")))
    return Error{ErrorCode::kUnsupportedMediaType, "the body is of no type that the route takes"};
  if (batch && request.http_1_0) return Error{ErrorCode::kHttpVersion, "HTTP/1.0 has no trailers"};
  if (!request.schema_header || request.schema_header->empty())
    return Error{ErrorCode::kSchemaHeaderMissing, "no schema is named"};
  if (request.bad_preferences) return Error{ErrorCode::kMalformedRequest, "Prefer is malformed"};
  return route;
}

Response Handler::handle(const Route& route, const RequestInfo& request, std::string_view text,
                         base::Room& room, secret::SecretBytes& body) {
  if (route.body != Body::kNone) return transform(route, request, text, room, body);
  const std::size_t former_size = body.size();
  Response response = tell(route, request, body);
  const auto held = room.hold(body.size() - former_size);
  if (held.ok()) return response;
  body.resize(former_size);
  return fail(held.error().code, {}, {}, body);
}

Response Handler::tell(const Route& route, const RequestInfo& request, secret::SecretBytes& body) {
  switch (route.action) {
    case Action::kEncrypt:
    case Action::kDecrypt:
    case Action::kRewrap: break;
    case Action::kKeys: return report(append_keys, body);
    case Action::kSchemas: return report(append_schemas, body);
    case Action::kAttestation: return attestation(request, body);
    case Action::kHealth: return health(body);
    case Action::kLivez: return word(200, "ok", body);
    case Action::kReadyz:
      return state_.status.ready() ? word(200, "ready", body) : word(503, "unready", body);
    case Action::kOpenApi: return openapi(body);
    case Action::kDrain: state_.request_drain(); return word(200, "draining", body);
  }
  NES_CHECK(false && "an Action outside its enumeration");
}

Result<Job> Handler::job_for(const Route& route, const RequestInfo& request, std::string_view text) {
  const auto client = state_.authorization.allows(request.client, route.permission);
  NES_CHECK(client.has_value());  // admit() has asked
  Job job{.direction = route.action == Action::kEncrypt   ? Direction::kSeal
                       : route.action == Action::kDecrypt ? Direction::kOpen
                                                          : Direction::kRewrap,
          .shape = route.body == Body::kEnvelope ? json::Shape::kEnvelope : json::Shape::kDocument,
          .schema_header = request.schema_header,
          .client = *client,
          .text = text};
  job.strict = request.preferences.handling == http::Handling::kStrict;
  job.leave_unopened =
      job.direction == Direction::kOpen && request.preferences.handling == http::Handling::kLenient;
  if (job.direction == Direction::kSeal && request.preferences.keep_sealed) {
    job.keep_sealed = state_.authorization.allows(request.client, Permission::kDecrypt);
    if (!job.keep_sealed) return Error{ErrorCode::kNotAllowed, "sealed=keep is for clients that may decrypt"};
  }
  if (client->san && state_.seal_limit.is_on()) {
    client_name_ = client_name(request.client.sans[*client->san]);
    job.client_name = client_name_;
  }
  return job;
}

Response Handler::transform(const Route& route, const RequestInfo& request, std::string_view text,
                            base::Room& room, secret::SecretBytes& body) {
  auto job = job_for(route, request, text);
  if (!job.ok()) return fail(job.error().code, {}, {}, body);
  job->room = &room;
  const Direction direction = job->direction;
  meter_.ends(Histogram::kPhaseParse);
  const JobReport report = pipeline_.run(*job, body);
  meter_.ends(Histogram::kPhaseSeal);
  const std::optional<ErrorCode> error =
      report.failure ? std::optional(report.failure->error.code) : std::nullopt;
  const bool opens = direction != Direction::kSeal, seals = direction != Direction::kOpen;
  count_request(direction);
  if (seals) counters_.add(Counter::kFieldsSealed, report.replaced);
  note_opens();
  if (opens) {
    counters_.add(Counter::kFieldsOpened, report.replaced);
    audit(request, route.action, report.schema, report.replaced, error);
  }
  const Histogram latency = latency_of(direction);
  if (!error)
    return {.content_type = "application/json",
            .count_name = seals ? "X-Fields-Sealed" : "X-Fields-Opened",
            .count = report.replaced,
            .unopened = job->leave_unopened ? std::optional<std::uint64_t>(report.unopened) : std::nullopt,
            .preference_applied = applied_preference(*job),
            .no_store = true,
            .latency = latency,
            .schema = report.schema};
  if (error == ErrorCode::kTokenRejected) counters_.add(Counter::kTokensRejected);
  if (error == ErrorCode::kKeyNotLoaded) state_.request_key_refresh();
  Response response = fail(*error, report.failure->path, {}, body);
  response.latency = latency;
  response.schema = report.schema;
  return response;
}

void Handler::count_request(Direction direction) {
  counters_.add(direction == Direction::kSeal   ? Counter::kEncryptRequests
                : direction == Direction::kOpen ? Counter::kDecryptRequests
                                                : Counter::kRewrapRequests);
}

// With sealed=keep sealing opens too.
void Handler::note_opens() {
  for (const Pipeline::Opens& use : pipeline_.opens())
    key_use_.note(use.kid, use.count, state_.clock.unix_ms());
}

std::string_view Handler::applied_preference(const Job& job) noexcept {
  return http::preference_applied(job.strict           ? http::Handling::kStrict
                                  : job.leave_unopened ? http::Handling::kLenient
                                                       : http::Handling::kDefault,
                                  job.keep_sealed.has_value());
}

Response Handler::fail(ErrorCode code, std::string_view path, std::string_view allow,
                       secret::SecretBytes& body) {
  text_.clear();
  http::append_problem(text_, code, path);
  body.append(as_bytes(text_));
  return {.status = http::status_of(code),
          .content_type = "application/problem+json",
          .allow = code == ErrorCode::kMethodNotAllowed ? allow : std::string_view(),
          .retry_after_s = http::retry_after_s(code),
          .error = code};
}

Response Handler::word(int status, std::string_view text, secret::SecretBytes& body) const {
  body.append(as_bytes(text));
  return {.status = status, .retry_after_s = status == 503 ? http::retry_after_s(ErrorCode::kNotReady) : 0};
}

Response Handler::health(secret::SecretBytes& body) {
  text_.clear();
  append_health(text_, state_);
  Response response = word(state_.status.ready() ? 200 : 503, text_, body);
  response.content_type = "application/json";
  return response;
}

Response Handler::report(void (*append)(std::string&, const State&), secret::SecretBytes& body) {
  text_.clear();
  append(text_, state_);
  Response response = word(200, text_, body);
  response.content_type = "application/json";
  return response;
}

Response Handler::openapi(secret::SecretBytes& body) const {
  Response response = word(200, openapi_document(), body);
  response.content_type = "application/yaml";  // RFC 9512
  return response;
}

Response Handler::attestation(const RequestInfo& request, secret::SecretBytes& body) {
  if (state_.attestation == nullptr) return fail(ErrorCode::kNotFound, {}, {}, body);
  auto nonce = parse_nonce(request.query);
  if (!nonce.ok()) return fail(nonce.error().code, {}, {}, body);
  // Clients reach this over TLS only, so there is a key to vouch for.
  const auto document =
      state_.attestation->document(std::move(nonce).value(), state_.tls.get()->attested_user_data);
  if (!document.ok()) {
    if (document.error().code != ErrorCode::kRateLimited)
      state_.log.write(
          telemetry::StepFailed{.step = "attestation", .error = document.error(), .retry_in_ms = 0});
    return fail(document.error().code, {}, {}, body);
  }
  body.append(*document);
  return {.content_type = "application/cbor", .no_store = true};
}

void Handler::audit_refusal(std::span<const Route> routes, const RequestInfo& request, ErrorCode code) {
  const auto route = find_route(routes, request.method, request.path);
  if (route.ok() && (*route)->permission == Permission::kDecrypt)
    audit(request, (*route)->action, {}, 0, code);
}

void Handler::audit(const RequestInfo& request, Action action, std::string_view schema, std::uint64_t fields,
                    std::optional<ErrorCode> error) {
  // The name by which the list let the client in; of one that it did not let in, nothing is known.
  const auto match = state_.authorization.allows(request.client, Permission::kDecrypt);
  write_audit(action, match && match->san ? request.client.sans[*match->san].value : std::string_view(),
              schema, fields, error);
}

// `client_san` is empty for an anonymous client.
void Handler::write_audit(Action action, std::string_view client_san, std::string_view schema,
                          std::uint64_t fields, std::optional<ErrorCode> error) {
  const OperatorText client = client_san.empty() ? OperatorText::configuration("anonymous")
                                                 : OperatorText::allowed_client(client_san);
  const auto write = [&](auto event) {
    event.schema = OperatorText::loaded_schema(schema);
    event.client = client;
    event.fields_count = fields;
    event.request_id = state_.next_request_id.fetch_add(1, std::memory_order_relaxed);
    event.error = error;
    state_.log.write(event);
  };
  if (action == Action::kRewrap)
    write(telemetry::RewrapAudit());
  else
    write(telemetry::DecryptAudit());
}

}  // namespace nes::service
