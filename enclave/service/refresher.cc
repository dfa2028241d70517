#include "enclave/service/refresher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.h"

namespace nes::service {

Refresher::Refresher(std::vector<Task> tasks, const Clock& clock, telemetry::Log& log)
    : clock_(clock), log_(log) {
  for (Task& task : tasks) {
    const std::int64_t due_ms = clock.monotonic_ms() + (task.at_start ? 0 : task.interval_ms);
    tasks_.push_back({.task = std::move(task), .due_ms = due_ms});
  }
}

void Refresher::start() {
  thread_ = std::thread([this] { run(); });
}

Refresher::~Refresher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Refresher::request(std::size_t task) {
  {
    const std::lock_guard lock(mutex_);
    Scheduled& scheduled = tasks_.at(task);
    const bool too_soon = scheduled.last_run_ms >= 0 &&
                          clock_.monotonic_ms() - scheduled.last_run_ms < scheduled.task.min_request_gap_ms;
    if (too_soon || scheduled.requested) return;
    scheduled.requested = true;
  }
  wake_.notify_one();
}

void Refresher::run_task(Scheduled& scheduled, std::unique_lock<std::mutex>& lock) {
  scheduled.requested = false;
  lock.unlock();
  const Result<void> result = scheduled.task.run();
  lock.lock();
  scheduled.last_run_ms = clock_.monotonic_ms();
  if (result.ok()) {
    scheduled.backoff_ms = 0;
    scheduled.due_ms = scheduled.last_run_ms + scheduled.task.interval_ms;
    return;
  }
  scheduled.backoff_ms = std::clamp(scheduled.backoff_ms * 2, limits::kBackoffMinMs, limits::kBackoffMaxMs);
  const std::int64_t wait_ms = std::min(scheduled.backoff_ms, scheduled.task.interval_ms);
  scheduled.due_ms = scheduled.last_run_ms + wait_ms;
  log_.write(telemetry::StepFailed{.step = scheduled.task.step,
                                   .error = result.error(),
                                   .retry_in_ms = static_cast<std::uint64_t>(wait_ms)});
}

void Refresher::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::int64_t now_ms = clock_.monotonic_ms();
    std::int64_t next_ms = now_ms + limits::kBackoffMaxMs;
    for (Scheduled& scheduled : tasks_) {
      if (!stopping_ && (scheduled.requested || scheduled.due_ms <= now_ms)) run_task(scheduled, lock);
      next_ms = std::min(next_ms, scheduled.due_ms);
    }
    const auto has_request = [this] {
      return stopping_ || std::any_of(tasks_.begin(), tasks_.end(),
                                      [](const Scheduled& scheduled) { return scheduled.requested; });
    };
    wake_.wait_for(lock,
                   std::chrono::milliseconds(std::max<std::int64_t>(0, next_ms - clock_.monotonic_ms())),
                   has_request);
  }
}

}  // namespace nes::service
