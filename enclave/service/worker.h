// One thread: an event loop, its listeners and its connections, and the buffers that these share.
//
// Thread rule: all but request_drain(), request_stop(), request_help(), give_back() and run() belongs to the
// thread in run().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "enclave/service/batch.h"
#include "enclave/service/connection.h"
#include "enclave/service/handler.h"
#include "enclave/service/request_meter.h"
#include "enclave/service/state.h"
#include "os/acceptor.h"
#include "os/event_loop.h"
#include "os/unique_fd.h"

namespace nes::service {

// What a listening socket serves. Workers that accept from it share it; the last one closes it.
struct Listening {
  std::shared_ptr<const os::UniqueFd> socket;
  std::span<const Route> routes;
  bool serves_clients =
      true;  // over TLS, counted, until the drain; else the node in the clear, until the end
  std::optional<std::uint32_t> peer_cid = std::nullopt;  // the only one that is served; nothing: any peer
};

class Worker {
 public:
  // kIo if the kernel refuses a loop. `state` must outlive the worker.
  static Result<std::unique_ptr<Worker>> create(State& state);
  ~Worker();

  // Before run(), or from its thread.
  Result<void> listen(const Listening& listening);
  os::EventLoop& loop() noexcept { return *loop_; }

  void run() { loop_->run(); }
  // From any thread: accept no more, let connections finish.
  void request_drain();
  void request_stop() { loop_->stop(); }
  // From any thread: work on what waits in the exchange of batches.
  void request_help();
  // From any thread: a slice of one of this worker's batches has been worked on. If the batch is over by now,
  // so is the slice.
  void give_back(std::unique_ptr<BatchSlice> slice);

  // For connections.
  State& state() noexcept { return state_; }
  Handler& handler() noexcept { return handler_; }
  telemetry::CounterShard& counters() noexcept { return counters_; }
  RequestMeter& meter() noexcept { return meter_; }
  bool draining() const noexcept { return draining_; }
  std::span<char> read_buffer() noexcept { return {read_buffer_.get(), limits::kReadBufferBytes}; }
  http::RequestHead& head() noexcept { return head_; }
  // The answer that is being made: limits::kResponseHeadBytes of room for its head, then its body.
  secret::SecretBytes& answer() noexcept { return answer_; }
  std::string& head_text() noexcept { return head_text_; }
  // The Date header's value for this second (RFC 9110 section 6.6.1).
  std::string_view date();
  // Room for frames of HTTP/2 that leave in one write.
  std::span<char> http2_buffer();
  // A batch of this worker, until it leaves; returns its name.
  std::uint64_t enter_batch(Batch& batch, BatchOwner& owner);
  void leave_batch(std::uint64_t id) { batches_.erase(id); }
  void forget(ServedConnection& connection);
  // Its handshake has agreed on HTTP/2. Destroys `connection`; another goes on in its place.
  void continue_as_http2(ServedConnection& connection);

 private:
  Worker(State& state, std::unique_ptr<os::EventLoop> loop);
  void drain();
  void help();
  void take_returned();
  void adopt(os::UniqueFd socket, const Listening& listening);

  State& state_;
  std::unique_ptr<os::EventLoop> loop_;
  telemetry::CounterShard& counters_;
  RequestMeter meter_;
  Handler handler_;
  std::unique_ptr<char[]> read_buffer_;
  std::unique_ptr<char[]> http2_buffer_;
  http::RequestHead head_;
  secret::SecretBytes answer_;
  std::string head_text_;
  std::string date_;
  std::int64_t date_second_ = -1;
  bool draining_ = false;
  std::unordered_map<std::uint64_t, std::pair<Batch*, BatchOwner*>> batches_;
  std::uint64_t next_batch_ = 1;
  std::mutex returned_mutex_;
  std::vector<std::unique_ptr<BatchSlice>> returned_;
  std::vector<std::pair<Listening, std::unique_ptr<os::Acceptor>>> acceptors_;  // after what they use
  std::vector<std::unique_ptr<ServedConnection>> connections_;
};

}  // namespace nes::service
