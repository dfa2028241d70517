// One request of a connection in HTTP/2, and its answer.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "enclave/service/batch.h"
#include "enclave/service/http2_connection.h"
#include "enclave/service/http2_fields.h"
#include "secret/secret.h"

namespace nes::service {

class Http2Connection::Stream final : public os::Deadline, public BatchOwner {
 public:
  Stream(Http2Connection& connection, http::StreamId stream_id) : id(stream_id), connection_(connection) {}

  void on_deadline() override { connection_.stream_is_slow(*this); }
  bool batch_may_hold(std::size_t bytes) override {
    const std::size_t mine = batch == nullptr ? 0 : batch->held();
    return !connection_.would_overload(connection_.holds() - mine + bytes);
  }
  void batch_goes_on() override { connection_.batch_goes_on(*this); }
  // Without what a batch holds.
  std::size_t held() const noexcept { return sizeof(Stream) + head.size() + body.size() + answer.size(); }

  const http::StreamId id;
  // The part that describe() reads, until it is not needed any more; empty also where nothing can be read.
  secret::SecretBytes head;
  secret::SecretBytes body;
  secret::SecretBytes answer;
  std::size_t answer_sent = 0;
  std::size_t moved_since_check = 0;  // bytes of body or answer
  const Route* route = nullptr;       // of an admitted request
  std::int64_t head_us = 0;           // when its head was there
  std::optional<ErrorCode> refusal;   // or why it is refused
  bool has_small_body = false;        // that is waited for although it is refused
  bool queued = false;                // in ready_; or answered, but for a batch

  std::unique_ptr<Batch> batch;
  std::size_t untaken = 0;       // bytes of the body for which the client may not send others yet
  bool batch_head_sent = false;  // it is being answered
  std::unique_ptr<Http2Fields> trailers;

 private:
  Http2Connection& connection_;
};

}  // namespace nes::service
