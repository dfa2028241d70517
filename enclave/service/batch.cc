#include "enclave/service/batch.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "enclave/service/chars.h"
#include "enclave/service/worker.h"

namespace nes::service {

Batch::Batch(Worker& worker, BatchOwner& owner, std::shared_ptr<const BatchJob> job)
    : worker_(worker),
      owner_(owner),
      job_(std::move(job)),
      id_(worker.enter_batch(*this, owner)),
      max_slices_(worker.state().exchange.helpers() < 2
                      ? 1
                      : std::min(limits::kBatchSlices,
                                 limits::kBatchSlicesPerWorker * worker.state().exchange.helpers())),
      input_(worker.state().settings.max_body_bytes),
      failure_(ErrorCode::kTruncated) {}

Batch::~Batch() {
  const BatchCounts counts = totals();
  for (std::size_t i = 0; i < used_; ++i)
    if (place(i).stage == Stage::kOffered)
      worker_.state().exchange.take_back(worker_, id_, next_number_ - used_ + i);
  worker_.leave_batch(id_);
  worker_.handler().end_batch(*job_, counts, failure_);
}

bool Batch::wants_input() const noexcept {
  return !ended_ && input_.whole_bytes() < limits::kBatchSliceBytes && used_ < max_slices_;
}

void Batch::append(std::span<const char> data) {
  const std::size_t whole = input_.whole_bytes();
  input_.append(data);
  if (input_.whole_bytes() != whole) advanced_ = true;
  paused_ = false;
  // A long line is kept only while there is room for it.
  if (input_.begun_line_bytes() > limits::kBatchReservedBytes && !owner_.batch_may_hold(held()))
    input_.skip_line(ErrorCode::kOverloaded);
  dispatch(false);
}

void Batch::pause_input() {
  paused_ = true;
  dispatch(true);
}

void Batch::end_input() {
  input_.end();
  ended_ = true;
  pause_input();
}

bool Batch::has_room() const {
  if (used_ == 0) return true;
  return used_ < max_slices_ && owner_.batch_may_hold(held() + limits::kBatchSliceReservedBytes);
}

void Batch::dispatch(bool partial) {
  while (input_.has_lines() && (partial || input_.whole_bytes() >= limits::kBatchSliceBytes) && has_room())
    cut();
}

void Batch::cut() {
  std::unique_ptr<BatchSlice> slice = spare_ ? std::move(spare_) : std::make_unique<BatchSlice>();
  slice->job = job_;
  slice->owner = &worker_;
  slice->batch = id_;
  slice->number = next_number_++;
  input_.cut(*slice);
  Place& last = place(used_++);
  last = {.stage = Stage::kHere, .slice = std::move(slice)};
  last.input_bytes = last.slice->input.size();
  const bool worth_it = max_slices_ > 1 && last.input_bytes >= limits::kBatchSliceBytes;
  if (worth_it && worker_.state().exchange.offer(last.slice)) last.stage = Stage::kOffered;
}

bool Batch::work() {
  for (std::size_t i = 0; i < used_; ++i) {
    Place& next = place(i);
    if (next.stage == Stage::kOffered) {
      next.slice = worker_.state().exchange.take_back(worker_, id_, next_number_ - used_ + i);
      if (next.slice == nullptr) continue;  // another worker has it
      next.stage = Stage::kHere;
    }
    if (next.stage != Stage::kHere) continue;
    worker_.handler().work(*next.slice);
    next.stage = Stage::kDone;
    return true;
  }
  return false;
}

bool Batch::give_back(std::unique_ptr<BatchSlice> slice) {
  const std::uint64_t first = next_number_ - used_;
  NES_CHECK(slice->number >= first && slice->number < next_number_);
  const std::size_t index = static_cast<std::size_t>(slice->number - first);
  Place& returned = place(index);
  NES_CHECK(returned.stage == Stage::kOffered);
  returned.slice = std::move(slice);
  returned.stage = Stage::kDone;
  return index == 0;
}

std::span<const char> Batch::output() const noexcept {
  if (used_ == 0 || place(0).stage != Stage::kDone) return {};
  const BatchSlice& slice = *place(0).slice;
  return as_chars(slice.output.reveal()).subspan(slice.output_begin + output_sent_);
}

void Batch::sent(std::size_t bytes) {
  output_sent_ += bytes;
  Place& first = place(0);
  NES_CHECK(used_ != 0 && first.stage == Stage::kDone);
  if (first.slice->output_begin + output_sent_ < first.slice->output.size()) return;
  sent_counts_.add(first.slice->counts);
  output_sent_ = 0;
  spare_ = std::move(first.slice);
  spare_->counted.clear();
  for (secret::SecretBytes* buffer : {&spare_->input, &spare_->output})
    buffer->clear_keeping(limits::kKeptBufferBytes);
  front_ = (front_ + 1) % places_.size();
  --used_;
  dispatch(paused_);
}

bool Batch::ends_after(std::size_t bytes) const noexcept {
  if (!ended_ || input_.has_lines()) return false;
  if (used_ == 0) return true;
  return used_ == 1 && place(0).stage == Stage::kDone && bytes == output().size();
}

void Batch::conclude(std::optional<ErrorCode> failure) noexcept { failure_ = failure; }

BatchCounts Batch::totals() const noexcept {
  BatchCounts counts = sent_counts_;
  for (std::size_t i = 0; i < used_; ++i)
    if (place(i).stage == Stage::kDone) counts.add(place(i).slice->counts);
  return counts;
}

std::size_t Batch::held() const noexcept {
  std::size_t bytes = input_.held();
  for (std::size_t i = 0; i < used_; ++i)
    bytes += place(i).input_bytes + BatchSlice::reserved_output(place(i).input_bytes);
  return std::max(bytes, limits::kBatchReservedBytes);
}

}  // namespace nes::service
