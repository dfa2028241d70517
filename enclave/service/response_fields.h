// The header fields of an answer, the same in both versions of HTTP.
#pragma once

#include <cstdint>
#include <string_view>

#include "enclave/service/handler.h"

namespace nes::service {

// Calls sink.field(name, value) for each, value being text or a number. Names are as HTTP/1.1 spells them.
// A response with trailers has a body of unknown length.
template <typename Sink>
void write_fields(const Response& response, std::string_view date, std::uint64_t content_length, Sink& sink) {
  sink.field("Date", date);
  sink.field("Content-Type", response.content_type);
  if (response.trailer.empty())
    sink.field("Content-Length", content_length);
  else
    sink.field("Trailer", response.trailer);
  if (!response.count_name.empty()) sink.field(response.count_name, response.count);
  if (response.unopened) sink.field("X-Fields-Unopened", *response.unopened);
  if (!response.preference_applied.empty()) sink.field("Preference-Applied", response.preference_applied);
  if (response.no_store) sink.field("Cache-Control", "no-store");
  if (!response.allow.empty()) sink.field("Allow", response.allow);
  if (response.retry_after_s != 0)
    sink.field("Retry-After", static_cast<std::uint64_t>(response.retry_after_s));
}

// The trailers of a batch that has been answered whole.
template <typename Sink>
void write_trailers(const BatchJob& batch, const BatchCounts& counts, Sink& sink) {
  sink.field("X-Lines-Failed", counts.lines_failed);
  const bool seals = batch.job.direction != Direction::kOpen;
  sink.field(seals ? "X-Fields-Sealed" : "X-Fields-Opened", counts.replaced);
  if (batch.job.leave_unopened) sink.field("X-Fields-Unopened", counts.unopened);
}

}  // namespace nes::service
