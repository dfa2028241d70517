// What Handler does for batches: a job for all lines, the lines of a slice, and the end.
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "enclave/service/handler.h"
#include "enclave/service/inflight.h"
#include "http/media_type.h"

namespace nes::service {

using telemetry::Counter;

namespace {

// Whether a line's answer is a token that has been opened, and looks as if the line had failed.
bool opens_to_error(const Job& job, std::string_view answer) {
  if (job.direction != Direction::kOpen) return false;
  const std::size_t begin = job.text.find_first_not_of(" \t\r");
  return begin != std::string_view::npos && job.text[begin] == '"' && has_error_member(answer);
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

// The answer of a slice as one chunk (RFC 9112 section 7.1), its head before it.
void frame_as_chunk(BatchSlice& slice) {
  constexpr std::size_t kHead = BatchSlice::kChunkHeadBytes;
  std::size_t size = slice.output.size() - kHead;
  slice.output.append(as_bytes("\r\n"));
  auto* const bytes = slice.output.reveal_mutable().data();
  bytes[kHead - 2] = '\r';
  bytes[kHead - 1] = '\n';
  std::size_t at = kHead - 2;
  do {
    NES_CHECK(at != 0);
    bytes[--at] = static_cast<std::uint8_t>(kHexDigits[size % 16]);
    size /= 16;
  } while (size != 0);
  slice.output_begin = at;
}

}  // namespace

bool Handler::is_batch(const Route& route, const RequestInfo& request) noexcept {
  return route.body == Body::kDocument && request.content_type &&
         http::media_type_is(*request.content_type, "application/x-ndjson");
}

Result<std::shared_ptr<const BatchJob>> Handler::begin_batch(const Route& route, const RequestInfo& request,
                                                             bool chunked, std::int64_t begin_us) {
  NES_TRY_ASSIGN(const Job job, job_for(route, request, {}));
  NES_TRY_ASSIGN(JobPlan plan, pipeline_.plan(job));
  auto batch = std::make_shared<BatchJob>(
      BatchJob{.action = route.action, .job = job, .plan = std::move(plan), .chunked = chunked});
  batch->client_name = job.client_name;
  batch->job.client_name = batch->client_name;
  batch->job.schema_header.reset();  // a view of the request
  batch->job.one_line = true;
  if (job.client.san) batch->client_san = request.client.sans[*job.client.san].value;
  batch->trace = meter_.trace(request, &route, begin_us);
  count_request(job.direction);
  return std::shared_ptr<const BatchJob>(std::move(batch));
}

Response Handler::batch_response(const BatchJob& batch) const {
  const bool seals = batch.job.direction != Direction::kOpen;
  return {.content_type = "application/x-ndjson",
          .trailer = seals                      ? "X-Lines-Failed, X-Fields-Sealed"
                     : batch.job.leave_unopened ? "X-Lines-Failed, X-Fields-Opened, X-Fields-Unopened"
                                                : "X-Lines-Failed, X-Fields-Opened",
          .preference_applied = applied_preference(batch.job),
          .no_store = true};
}

void Handler::work(BatchSlice& slice) {
  const BatchJob& batch = *slice.job;
  slice.counts = {};
  slice.output.clear();
  slice.output.reserve(BatchSlice::kChunkHeadBytes + slice.input.size());
  slice.output.resize(BatchSlice::kChunkHeadBytes);
  slice.output_begin = BatchSlice::kChunkHeadBytes;
  pipeline_.forget_opens();
  meter_.begins();
  Job job = batch.job;
  AnswerRoom room(state_, slice.counted, BatchSlice::reserved_output(slice.input.size()));
  job.room = &room;
  std::uint64_t line_number = slice.first_line;
  for_each_line(as_text(slice.input.reveal()), slice.skipped,
                [&](std::string_view line, bool ends_in_lf, std::optional<ErrorCode> error) {
                  job.text = line;
                  room.begin(line.size() + limits::kBatchReservedBytes, slice.output.size());
                  if (!error) error = answer_line(job, batch.plan, slice);
                  if (error) {
                    text_.clear();
                    append_line_error(text_, *error, line_number);
                    slice.output.append(as_bytes(text_));
                    ++slice.counts.lines_failed;
                  }
                  if (ends_in_lf) slice.output.push_back('\n');
                  ++line_number;
                });
  room.end(slice.output.size());
  meter_.ends(telemetry::Histogram::kPhaseSeal);
  note_slice(batch, slice.counts);
  if (batch.chunked) frame_as_chunk(slice);
}

std::optional<ErrorCode> Handler::answer_line(const Job& job, const JobPlan& plan, BatchSlice& slice) {
  if (is_blank_line(job.text)) {
    slice.output.append(as_bytes(job.text));
    return std::nullopt;
  }
  if (job.text.size() > state_.settings.max_body_bytes) return ErrorCode::kBodyTooLarge;
  if (has_error_member(job.text)) return ErrorCode::kMalformedRequest;
  const std::size_t former_size = slice.output.size();
  const JobReport report = pipeline_.transform(job, plan, slice.output);
  if (!report.failure) {
    if (opens_to_error(job, as_text(slice.output.reveal().subspan(former_size)))) {
      slice.output.resize(former_size);
      return ErrorCode::kMalformedRequest;
    }
    slice.counts.replaced += report.replaced;
    slice.counts.unopened += report.unopened;
    return std::nullopt;
  }
  const ErrorCode code = report.failure->error.code;
  if (code == ErrorCode::kTokenRejected) counters_.add(Counter::kTokensRejected);
  if (code == ErrorCode::kKeyNotLoaded) state_.request_key_refresh();
  return code;
}

// What is counted for single documents too. It is this thread's account, whoever's batch it is.
void Handler::note_slice(const BatchJob& batch, const BatchCounts& counts) {
  if (batch.job.direction != Direction::kOpen) counters_.add(Counter::kFieldsSealed, counts.replaced);
  if (batch.job.direction != Direction::kSeal) counters_.add(Counter::kFieldsOpened, counts.replaced);
  note_opens();
}

void Handler::end_batch(const BatchJob& batch, const BatchCounts& counts, std::optional<ErrorCode> failure) {
  meter_.record(batch.trace, {.error = failure, .schema = batch.plan.schema, .fields = counts.replaced});
  if (batch.job.direction == Direction::kSeal) return;
  write_audit(batch.action, batch.client_san, batch.plan.schema, counts.replaced, failure);
}

}  // namespace nes::service
