// The unit of work on a batch (NDJSON): some whole lines of one request, and their answer.
//
// A slice belongs to one thread at a time, and whoever has it needs nothing else of the batch than what is
// here: its job does not change. So any worker can work on any slice.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "enclave/service/inflight.h"
#include "enclave/service/pipeline.h"
#include "enclave/service/request_meter.h"
#include "enclave/service/routes.h"
#include "secret/secret.h"

namespace nes::service {

class Worker;

// What a batch asks for, found out once. Immutable: its plan stays although schemas are read again meanwhile.
// The keys are those that are loaded when a line is worked on.
struct BatchJob {
  Action action = Action::kEncrypt;
  Job job;
  JobPlan plan;
  std::string client_name{};  // as job.client_name has it
  std::string client_san{};   // the name that let the client in; empty for an anonymous one
  bool chunked = false;       // answers are framed as HTTP/1.1's chunks
  RequestTrace trace{};
};

struct BatchCounts {
  std::uint64_t lines_failed = 0;
  std::uint64_t replaced = 0;
  std::uint64_t unopened = 0;

  void add(const BatchCounts& other) noexcept {
    lines_failed += other.lines_failed;
    replaced += other.replaced;
    unopened += other.unopened;
  }
};

// A line that was not kept. In the input an empty line stands for it.
struct SkippedLine {
  std::size_t at;  // where that line begins
  ErrorCode code;
};

struct BatchSlice {
  std::shared_ptr<const BatchJob> job;
  Worker* owner = nullptr;  // whose batch it is, and where it returns to
  std::uint64_t batch = 0;
  std::uint64_t number = 0;  // in the batch, from 0

  std::uint64_t first_line = 1;
  secret::SecretBytes input;  // whole lines; the last one of a batch may lack its LF
  std::vector<SkippedLine> skipped;

  secret::SecretBytes output;  // kChunkHeadBytes of room for the head of a chunk, then the answer
  std::size_t output_begin = 0;
  BatchCounts counts;
  InflightBytes counted;  // of the answer, what its batch does not count

  // How much of the answer to `input` bytes its batch counts, whether it is there or not.
  static std::size_t reserved_output(std::size_t input) noexcept {
    return std::clamp(2 * input, limits::kSmallAnswerBytes,
                      limits::kBatchSliceReservedBytes - limits::kBatchSliceBytes);
  }

  static constexpr std::size_t kChunkHeadBytes = 10;  // eight hex digits, CRLF
};

// Calls take(line, ends_in_lf, code) for each line of `text`, without its LF; `code` for one that was not
// kept.
template <typename Take>
void for_each_line(std::string_view text, const std::vector<SkippedLine>& skipped, Take take) {
  std::size_t at = 0, next_skipped = 0;
  while (at < text.size() || next_skipped < skipped.size()) {
    const std::size_t lf = text.find('\n', at);
    const std::size_t end = lf == std::string_view::npos ? text.size() : lf;
    std::optional<ErrorCode> code;
    if (next_skipped < skipped.size() && skipped[next_skipped].at == at) code = skipped[next_skipped++].code;
    take(text.substr(at, end - at), lf != std::string_view::npos, code);
    at = lf == std::string_view::npos ? end : end + 1;
  }
}

// White space alone (RFC 8259 section 2).
bool is_blank_line(std::string_view line) noexcept;

// Whether a document is an object with a member `$error`, however that is spelled: an answer would look as if
// the line had failed. False for what is not JSON.
bool has_error_member(std::string_view document);

// Appends what stands for a line that cannot be answered: {"$error":{"code":…,"line":…}}.
void append_line_error(std::string& out, ErrorCode code, std::uint64_t line);

}  // namespace nes::service
