#include "telemetry/exporter.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.h"

namespace nes::telemetry {

Exporter::Exporter(Options options, ExportSource& source, OtlpClient client, const Clock& clock, Log& log,
                   CounterShard& counters)
    : options_(std::move(options)),
      source_(source),
      client_(std::move(client)),
      clock_(clock),
      log_(log),
      counters_(counters),
      thread_([this] { run(); }) {}

Exporter::~Exporter() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    wake_.wait_for(lock, std::chrono::milliseconds(limits::kOtlpFlushMs), [this] { return done_; });
  }
  options_.interrupt();
  thread_.join();
}

bool Exporter::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Exporter::pause(std::int64_t ms) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stopping_; });
}

void Exporter::run() {
  std::int64_t due_ms = clock_.monotonic_ms() + options_.interval_ms;
  while (!stopping()) {
    const std::int64_t left_ms = std::max<std::int64_t>(due_ms - clock_.monotonic_ms(), 0);
    pause(options_.batch == 0 ? left_ms : std::min(std::max<std::int64_t>(left_ms, 1), limits::kOtlpRoundMs));
    if (stopping()) break;
    const bool full = options_.batch != 0 && source_.waiting() >= options_.batch;
    if (!full && clock_.monotonic_ms() < due_ms) continue;
    export_batch(options_.export_ms);
    // What is left of a time that has come goes in the next round.
    if (source_.waiting() == 0)
      due_ms = clock_.monotonic_ms() + options_.interval_ms;
    else if (!full)
      pause(limits::kOtlpRoundMs);
  }
  const std::int64_t end_ms = clock_.monotonic_ms() + limits::kOtlpFlushMs;
  while (!failing_ && clock_.monotonic_ms() < end_ms) {
    if (!export_batch(end_ms - clock_.monotonic_ms()) || source_.waiting() == 0) break;
  }
  const std::lock_guard lock(mutex_);
  done_ = true;
  wake_.notify_all();
}

bool Exporter::export_batch(std::int64_t within_ms) {
  const auto encoder = client_.wire() == OtlpWire::kHttpJson ? otlp_json() : otlp_protobuf();
  const std::size_t count = source_.write(*encoder);
  if (count == 0) return false;
  deliver(encoder->take(), count, clock_.monotonic_ms() + within_ms);
  return true;
}

void Exporter::deliver(const std::string& message, std::size_t count, std::int64_t until_ms) {
  std::int64_t backoff_ms = limits::kOtlpBackoffMinMs;
  for (;;) {
    const std::int64_t left_ms = until_ms - clock_.monotonic_ms();
    const Delivery delivery =
        client_.send(message, std::clamp<std::int64_t>(left_ms, 1, options_.attempt_ms));
    if (delivery.state == Delivery::State::kTaken) {
      if (delivery.rejected != 0)
        counters_.add(options_.dropped, std::min<std::uint64_t>(delivery.rejected, count));
      return note(false, delivery.error);
    }
    counters_.add(Counter::kExportsFailed);
    // From half of it to the whole, so that a fleet does not come back at once.
    const auto half = static_cast<std::uint64_t>(backoff_ms / 2);
    const std::int64_t jittered_ms = backoff_ms - static_cast<std::int64_t>(options_.random_below(half + 1));
    const std::int64_t wait_ms = std::max(delivery.wait_ms, jittered_ms);
    const bool again = delivery.state == Delivery::State::kAgain && !stopping() &&
                       clock_.monotonic_ms() + wait_ms < until_ms;
    if (again) pause(wait_ms);
    if (!again || stopping()) {
      counters_.add(options_.dropped, count);
      return note(true, delivery.error);
    }
    backoff_ms = std::min(2 * backoff_ms, limits::kOtlpBackoffMaxMs);
  }
}

void Exporter::note(bool failing, const Error& error) {
  if (std::exchange(failing_, failing) == failing || stopping()) return;
  if (failing)
    log_.write(ExportFailing{.signal = options_.signal, .error = error});
  else
    log_.write(ExportRestored{.signal = options_.signal});
}

}  // namespace nes::telemetry
