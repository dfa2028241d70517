#include "telemetry/log.h"

#include <utility>

#include "base/json_text.h"
#include "base/limits.h"

namespace nes::telemetry {
namespace {

constexpr std::int64_t kFlushMs = 1000;

}  // namespace

std::string_view level_name(Level level) noexcept {
  switch (level) {
    case Level::kError: return "error";
    case Level::kWarn: return "warn";
    case Level::kInfo: return "info";
    case Level::kDebug: return "debug";
    case Level::kTrace: return "trace";
  }
  return "error";
}

void JsonFieldWriter::key(std::string_view name) {
  out_ += ",\"";
  out_ += name;  // a literal of this program
  out_ += "\":";
}

void JsonFieldWriter::operator()(std::string_view name, std::uint64_t value) {
  key(name);
  out_ += std::to_string(value);
}

void JsonFieldWriter::operator()(std::string_view name, std::int64_t value) {
  key(name);
  out_ += std::to_string(value);
}

void JsonFieldWriter::operator()(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}

void JsonFieldWriter::operator()(std::string_view name, ErrorCode value) {
  key(name);
  base::append_quoted(out_, base::error_code_name(value));
}

void JsonFieldWriter::operator()(std::string_view name, base::StaticText value) {
  key(name);
  base::append_quoted(out_, value.view());
}

void JsonFieldWriter::operator()(std::string_view name, OperatorText value) {
  key(name);
  base::append_quoted(out_, value.view());
}

Log::Log(const Clock& clock, Level least, std::unique_ptr<LogSink> sink, std::shared_ptr<LogRecords> copies)
    : clock_(clock), least_(least), copies_(std::move(copies)), sink_(std::move(sink)), thread_([this] {
        run();
      }) {}

Log::~Log() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    give_up_at_ms_ = clock_.monotonic_ms() + kFlushMs;
  }
  wake_.notify_one();
  thread_.join();
}

std::uint64_t Log::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void Log::enqueue(Level level, std::string_view name, std::string_view members) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() + members.size() + limits::kLogLineBytes > limits::kLogQueueBytes) {
      ++next_sequence_;  // the gap that a reader sees
      ++dropped_;
      ++dropped_unreported_;
      return;
    }
    if (dropped_unreported_ != 0) {
      std::string report;
      JsonFieldWriter writer(report);
      LogLinesDropped{dropped_unreported_}.fields(writer);
      append_line(LogLinesDropped::kLevel, LogLinesDropped::kName, report);
      dropped_unreported_ = 0;
    }
    append_line(level, name, members);
  }
  wake_.notify_one();
}

void Log::append_line(Level level, std::string_view name, std::string_view members) {
  queue_ += "{\"seq\":";
  queue_ += std::to_string(next_sequence_++);
  queue_ += ",\"time\":\"";
  queue_ += base::format_rfc3339(clock_.unix_ms());
  queue_ += "\",\"level\":\"";
  queue_ += level_name(level);
  queue_ += "\",\"event\":\"";
  queue_ += name;
  queue_ += '"';
  queue_ += members;
  queue_ += "}\n";
}

void Log::run() {
  std::string batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !queue_.empty() || ending_; });
      if (queue_.empty()) return;
      batch.swap(queue_);
    }
    if (!write_all(batch)) return;
    batch.clear();
  }
}

bool Log::write_all(std::string_view text) {
  for (std::size_t taken = 0; taken < text.size();) {
    const LogSink::Taken now = sink_->take(text.substr(taken));
    switch (now.state) {
      case LogSink::Taken::State::kGoesOn: taken += now.bytes; break;
      case LogSink::Taken::State::kRestarts:
        taken = taken == 0 ? 0 : text.rfind('\n', taken - 1) + 1;  // npos + 1 is 0
        break;
      case LogSink::Taken::State::kEnded: return false;
    }
    if (now.bytes != 0) continue;
    const std::lock_guard lock(mutex_);
    if (ending_ && clock_.monotonic_ms() >= give_up_at_ms_) return false;
  }
  return true;
}

}  // namespace nes::telemetry
