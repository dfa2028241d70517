// One request with a document a line (NDJSON, CONTRACTS section 2): its body in, its answer out, in order,
// whatever version of HTTP carries it.
//
// The body is cut into slices of whole lines. A few of them may be between input and output at a time; the
// connection gives no more input while there is no room (wants_input()), so what a batch holds is bounded
// however fast its client sends and however slowly it reads. Slices are worked on here, or by other workers
// (BatchExchange), and leave in their order.
//
// Thread rule: belongs to its worker's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/limits.h"
#include "enclave/service/batch_input.h"
#include "enclave/service/batch_slice.h"

namespace nes::service {

class BatchOwner {
 public:
  virtual ~BatchOwner() = default;
  // Whether the batch may hold `bytes`.
  virtual bool batch_may_hold(std::size_t bytes) = 0;
  // Another worker has given back what the output was waiting for. May destroy the batch.
  virtual void batch_goes_on() = 0;
};

class Batch {
 public:
  // Both must outlive the batch.
  Batch(Worker& worker, BatchOwner& owner, std::shared_ptr<const BatchJob> job);
  // A batch that is not over has failed, and its audit event says so.
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Input. What is given although it is not wanted is kept.
  bool wants_input() const noexcept;
  void append(std::span<const char> data);
  // Nothing more for now: what is there is to be answered.
  void pause_input();
  void end_input();

  // Works on one slice; false if there is none that waits for this thread.
  bool work();
  // Gives back a slice that another worker has worked on. True if it is what the output waits for.
  bool give_back(std::unique_ptr<BatchSlice> slice);

  // The answer's next bytes, framed as the job says; empty if there are none yet. In HTTP/1.1 they are one
  // chunk, or its rest.
  std::span<const char> output() const noexcept;
  void sent(std::size_t bytes);
  // All input has ended, and is answered once `bytes` of the output are sent.
  bool ends_after(std::size_t bytes) const noexcept;
  // Says that the answer has been sent whole, or why it will not be.
  void conclude(std::optional<ErrorCode> failure) noexcept;

  const BatchJob& job() const noexcept { return *job_; }
  // Of all lines that are answered.
  BatchCounts totals() const noexcept;
  std::uint64_t id() const noexcept { return id_; }
  // But for what slices count themselves.
  std::size_t held() const noexcept;
  // Lines have become whole since the last call.
  bool has_advanced() noexcept { return std::exchange(advanced_, false); }

 private:
  enum class Stage : std::uint8_t { kHere, kOffered, kDone };
  struct Place {
    Stage stage = Stage::kHere;
    std::unique_ptr<BatchSlice> slice{};  // null while it is offered
    std::size_t input_bytes = 0;
  };
  Place& place(std::size_t i) noexcept { return places_[(front_ + i) % places_.size()]; }
  const Place& place(std::size_t i) const noexcept { return places_[(front_ + i) % places_.size()]; }
  bool has_room() const;
  void dispatch(bool partial);
  void cut();

  Worker& worker_;
  BatchOwner& owner_;
  const std::shared_ptr<const BatchJob> job_;
  const std::uint64_t id_;
  const std::size_t max_slices_;
  BatchInput input_;
  std::array<Place, limits::kBatchSlices> places_;  // a ring, in the order of the lines
  std::size_t front_ = 0;
  std::size_t used_ = 0;
  std::uint64_t next_number_ = 0;
  std::unique_ptr<BatchSlice> spare_;
  std::size_t output_sent_ = 0;  // of the first slice's
  BatchCounts sent_counts_;      // of the slices that have left
  std::optional<ErrorCode> failure_;
  bool ended_ = false;
  bool paused_ = false;
  bool advanced_ = false;
};

}  // namespace nes::service
