// The log: one event a line, JSON, numbered. Writing never blocks: lines go to a bounded queue that a thread
// of its own empties into a sink; what does not fit is dropped, counted and reported, and the gap in `seq`
// shows.
//
// Thread rule: write() from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "telemetry/events.h"
#include "telemetry/log_records.h"
#include "telemetry/log_sink.h"

namespace nes::telemetry {

class Log {
 public:
  // Lines above `least` (in verbosity) are not written, but audit events always are. `clock` must outlive the
  // log. `copies`, if not null, receives every event that is written, for export.
  Log(const Clock& clock, Level least, std::unique_ptr<LogSink> sink,
      std::shared_ptr<LogRecords> copies = nullptr);
  // The same, into a descriptor that is borrowed.
  Log(const Clock& clock, Level least, int fd, std::shared_ptr<LogRecords> copies = nullptr)
      : Log(clock, least, sink_into(fd), std::move(copies)) {}
  // Gives the sink a second to take what is queued.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  template <Event E>
  void write(const E& event) {
    if (!is_written<E>(least_)) return;
    std::string members;
    JsonFieldWriter writer(members);
    event.fields(writer);
    enqueue(E::kLevel, E::kName, members);
    if (copies_ != nullptr) copies_->add(clock_.unix_ms(), event);
  }

  std::uint64_t dropped() const;

 private:
  void enqueue(Level level, std::string_view name, std::string_view members);
  void append_line(Level level, std::string_view name, std::string_view members);
  void run();
  // Writes all of `text`, or gives up once the log is being destroyed and a second has passed.
  bool write_all(std::string_view text);

  const Clock& clock_;
  const Level least_;
  const std::shared_ptr<LogRecords> copies_;
  const std::unique_ptr<LogSink> sink_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string queue_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_unreported_ = 0;
  bool ending_ = false;
  std::int64_t give_up_at_ms_ = 0;
  std::thread thread_;
};

}  // namespace nes::telemetry
