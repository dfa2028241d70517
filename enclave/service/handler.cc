#include "enclave/service/handler.h"

#include "base/check.h"
#include "http/media_type.h"
#include "http/response.h"

namespace nes::service {

using telemetry::Counter;
using telemetry::OperatorText;

Handler::Handler(State& state, telemetry::CounterShard& counters)
    : state_(state),
      counters_(counters),
      pipeline_({.keys = state.keys, .schemas = state.schemas}, state.settings.token_options) {}

Result<const Route*> Handler::admit(std::span<const Route> routes, const RequestInfo& request) const {
  if (request.repeats_field) return Error{ErrorCode::kMalformedRequest, "a header field is repeated"};
  NES_TRY_ASSIGN(const Route* route, find_route(routes, request.method, request.path));
  if (!state_.authorization.allows(request.client, route->permission))
    return Error{ErrorCode::kNotAllowed, "the client may not do this"};
  if (route->body == Body::kNone) return route;
  if (!request.content_type || !http::media_type_is(*request.content_type, "application/json"))
    return Error{ErrorCode::kUnsupportedMediaType, "the body is not application/json"};
  if (!request.schema_header || request.schema_header->empty())
    return Error{ErrorCode::kSchemaHeaderMissing, "no schema is named"};
  return route;
}

Response Handler::handle(const Route& route, const RequestInfo& request, std::string_view text,
                         secret::SecretBytes& body) {
  switch (route.action) {
    case Action::kEncrypt:
    case Action::kDecrypt: return transform(route, request, text, body);
    case Action::kHealth: return health(body);
    case Action::kLivez: return word(200, "ok", body);
    case Action::kReadyz:
      return state_.status.ready() ? word(200, "ready", body) : word(503, "unready", body);
    case Action::kDrain: state_.request_drain(); return word(200, "draining", body);
  }
  NES_CHECK(false && "an Action outside its enumeration");
}

Response Handler::transform(const Route& route, const RequestInfo& request, std::string_view text,
                            secret::SecretBytes& body) {
  const bool seals = route.action == Action::kEncrypt;
  const JobReport report =
      pipeline_.run({.direction = seals ? Direction::kSeal : Direction::kOpen,
                     .shape = route.body == Body::kEnvelope ? json::Shape::kEnvelope : json::Shape::kDocument,
                     .schema_header = request.schema_header,
                     .text = text},
                    body);
  counters_.add(seals ? Counter::kEncryptRequests : Counter::kDecryptRequests);
  counters_.add(seals ? Counter::kFieldsSealed : Counter::kFieldsOpened, report.replaced);
  std::optional<ErrorCode> error;
  if (report.failure) error = report.failure->error.code;
  if (!seals) audit(report.schema, report.replaced, true, error);
  if (!report.failure)
    return {.content_type = "application/json",
            .count_name = seals ? "X-Fields-Sealed" : "X-Fields-Opened",
            .count = report.replaced,
            .no_store = true};
  if (error == ErrorCode::kTokenRejected) counters_.add(Counter::kTokensRejected);
  if (error == ErrorCode::kKeyNotLoaded) state_.request_key_refresh();
  return fail(*error, report.failure->path, {}, body);
}

Response Handler::fail(ErrorCode code, std::string_view path, std::string_view allow,
                       secret::SecretBytes& body) {
  text_.clear();
  http::append_problem(text_, code, path);
  body.append(as_bytes(text_));
  return {.status = http::status_of(code),
          .content_type = "application/problem+json",
          .allow = code == ErrorCode::kMethodNotAllowed ? allow : std::string_view(),
          .retry_after_s = http::retry_after_s(code)};
}

Response Handler::word(int status, std::string_view text, secret::SecretBytes& body) const {
  body.append(as_bytes(text));
  return {.status = status, .retry_after_s = status == 503 ? http::retry_after_s(ErrorCode::kNotReady) : 0};
}

Response Handler::health(secret::SecretBytes& body) {
  const Status& status = state_.status;
  const auto schemas = state_.schemas.get();
  const bool degraded = !status.ready() || status.keys_failing || status.schemas_failing;
  text_ = "{\"status\":\"";
  text_ += degraded ? "degraded" : "ok";
  text_ += "\",\"dek_ready\":";
  text_ += status.keys_loaded ? "true" : "false";
  text_ += ",\"schemas_loaded\":";
  text_ += std::to_string(schemas == nullptr ? 0 : schemas->size());
  text_ += '}';
  Response response = word(status.ready() ? 200 : 503, text_, body);
  response.content_type = "application/json";
  return response;
}

void Handler::audit_refusal(std::span<const Route> routes, const RequestInfo& request, ErrorCode code) {
  const auto route = find_route(routes, request.method, request.path);
  if (route.ok() && (*route)->permission == Permission::kDecrypt)
    audit({}, 0, code != ErrorCode::kNotAllowed, code);
}

void Handler::audit(std::string_view schema, std::uint64_t fields, bool allowed,
                    std::optional<ErrorCode> error) {
  state_.log.write(
      telemetry::DecryptAudit{.schema = OperatorText::loaded_schema(schema),
                              .client = OperatorText::configuration("anonymous"),
                              .fields_opened = fields,
                              .request_id = state_.next_request_id.fetch_add(1, std::memory_order_relaxed),
                              .allowed = allowed,
                              .succeeded = !error,
                              .error = error.value_or(ErrorCode::kInternal)});
}

}  // namespace nes::service
