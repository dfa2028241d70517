// From a request to its answer, whatever version of HTTP carried it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/room.h"
#include "enclave/service/batch_slice.h"
#include "enclave/service/key_use.h"
#include "enclave/service/pipeline.h"
#include "enclave/service/request_meter.h"
#include "enclave/service/routes.h"
#include "enclave/service/state.h"
#include "http/prefer.h"
#include "secret/secret.h"

namespace nes::service {

// What is known of a request before its body. Views into the connection's buffer.
struct RequestInfo {
  http::Method method = http::Method::kOther;
  std::string_view path;
  std::string_view query;
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> schema_header;
  ClientIdentity client;
  http::Preferences preferences{};
  bool repeats_field = false;  // one of these header fields is there twice: nobody can say which is meant
  bool bad_preferences = false;
  bool http_1_0 = false;
  bool surplus = false;  // the connection is over MAX_CONNECTIONS
  bool http_2 = false;
  std::optional<std::string_view> traceparent = std::nullopt;  // nothing if it is repeated
};

struct Response {
  int status = 200;
  std::string_view content_type = "text/plain";
  std::string_view allow = {};       // 405
  int retry_after_s = 0;             // 429 and 503
  std::string_view count_name = {};  // X-Fields-Sealed or X-Fields-Opened; empty for none
  std::uint64_t count = 0;
  std::optional<std::uint64_t> unopened = std::nullopt;  // X-Fields-Unopened
  std::string_view trailer = {};                         // of a body of unknown length: its trailers' names
  std::string_view preference_applied = {};              // Preference-Applied; empty for none
  bool no_store = false;                                 // the answer holds plaintext or tokens
  bool keep_alive = false;                               // to be said, as HTTP/1.0 needs it
  // For measuring; no part of the answer.
  std::optional<ErrorCode> error = std::nullopt;
  std::optional<telemetry::Histogram> latency = std::nullopt;  // of a request that transforms a document
  std::string_view schema = {};                                // that it named, if it is loaded
};

// Thread rule: one a thread.
class Handler {
 public:
  // `state` must outlive the handler.
  Handler(State& state, telemetry::CounterShard& counters, RequestMeter& meter);

  // All that can be refused without the body: route, permission, media type, the schema header's presence.
  Result<const Route*> admit(std::span<const Route> routes, const RequestInfo& request) const;

  // Answers an admitted request: appends the answer's body to `body`, if `room` has place for it.
  Response handle(const Route& route, const RequestInfo& request, std::string_view text, base::Room& room,
                  secret::SecretBytes& body);

  // Whether an admitted request brings a document a line (NDJSON).
  static bool is_batch(const Route& route, const RequestInfo& request) noexcept;
  // All that can be refused of a batch before its first line. `chunked` as BatchJob has it.
  Result<std::shared_ptr<const BatchJob>> begin_batch(const Route& route, const RequestInfo& request,
                                                      bool chunked, std::int64_t begin_us);
  Response batch_response(const BatchJob& batch) const;
  // Answers the lines of a slice, of whatever worker's batch.
  void work(BatchSlice& slice);
  // The audit event and the span. `failure`: the answer was not sent whole.
  void end_batch(const BatchJob& batch, const BatchCounts& counts, std::optional<ErrorCode> failure);

  // Answers with an error. `allow` as allowed_methods() gives it, for kMethodNotAllowed.
  Response fail(ErrorCode code, std::string_view path, std::string_view allow, secret::SecretBytes& body);

  // A request to decrypt or rewrap that was not admitted is an audit event too.
  void audit_refusal(std::span<const Route> routes, const RequestInfo& request, ErrorCode code);

 private:
  // What the pipeline is to do for an admitted request; kNotAllowed for sealed=keep if it may not decrypt.
  Result<Job> job_for(const Route& route, const RequestInfo& request, std::string_view text);
  Response transform(const Route& route, const RequestInfo& request, std::string_view text, base::Room& room,
                     secret::SecretBytes& body);
  // What is about the service and not about a document.
  Response tell(const Route& route, const RequestInfo& request, secret::SecretBytes& body);
  // Nothing, or the error that stands for the line.
  std::optional<ErrorCode> answer_line(const Job& job, const JobPlan& plan, BatchSlice& slice);
  void note_slice(const BatchJob& batch, const BatchCounts& counts);
  void note_opens();
  void count_request(Direction direction);
  static std::string_view applied_preference(const Job& job) noexcept;
  Response word(int status, std::string_view text, secret::SecretBytes& body) const;
  Response health(secret::SecretBytes& body);
  Response report(void (*append)(std::string&, const State&), secret::SecretBytes& body);
  Response openapi(secret::SecretBytes& body) const;
  Response attestation(const RequestInfo& request, secret::SecretBytes& body);
  void audit(const RequestInfo& request, Action action, std::string_view schema, std::uint64_t fields,
             std::optional<ErrorCode> error);
  void write_audit(Action action, std::string_view client_san, std::string_view schema, std::uint64_t fields,
                   std::optional<ErrorCode> error);

  State& state_;
  telemetry::CounterShard& counters_;
  RequestMeter& meter_;
  KeyUseShard& key_use_;
  Pipeline pipeline_;
  std::string client_name_;  // of the job
  std::string text_;         // reused for errors
};

}  // namespace nes::service
