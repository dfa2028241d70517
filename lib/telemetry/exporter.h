// Exports one signal from a thread of its own: a batch when one is full, or when its time has come; again,
// with growing pauses, where the protocol says so, until the batch has had its time; then it is dropped and
// counted. At most one batch leaves in limits::kOtlpRoundMs, so that export has a bounded cost however many
// requests there are.
//
// Whether the collector takes what it is sent is said in the log when it changes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/otlp_client.h"
#include "telemetry/otlp_encoder.h"

namespace nes::telemetry {

// What there is to export. Called from the exporter's thread.
class ExportSource {
 public:
  virtual ~ExportSource() = default;
  // How much waits; 0 for a source that is asked by the clock alone.
  virtual std::size_t waiting() = 0;
  // Writes the next batch; returns how much is in it, 0 if there is nothing.
  virtual std::size_t write(OtlpEncoder& out) = 0;
};

class Exporter {
 public:
  struct Options {
    base::StaticText signal;
    Counter dropped;
    std::int64_t interval_ms = 0;
    std::size_t batch = 0;              // a batch is full; 0: asked by the clock alone
    std::int64_t attempt_ms = 0;        // that one attempt may take
    std::int64_t export_ms = 0;         // that a batch may take, repeats included
    std::function<void()> interrupt{};  // ends what the client waits for, now and from then on
    std::function<std::uint64_t(std::uint64_t)> random_below{};  // n: 0 to n - 1
  };

  // The references must outlive the exporter. `counters` is its own shard.
  Exporter(Options options, ExportSource& source, OtlpClient client, const Clock& clock, Log& log,
           CounterShard& counters);
  // Gives what waits limits::kOtlpFlushMs to leave, unless the collector is known to be away.
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

 private:
  void run();
  // False if nothing was there.
  bool export_batch(std::int64_t within_ms);
  void deliver(const std::string& message, std::size_t count, std::int64_t until_ms);
  void note(bool failing, const Error& error);
  void pause(std::int64_t ms);
  bool stopping() const;

  const Options options_;
  ExportSource& source_;
  OtlpClient client_;
  const Clock& clock_;
  Log& log_;
  CounterShard& counters_;
  bool failing_ = false;  // of the exporter's thread
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace nes::telemetry
