#include "telemetry/log_records.h"

#include <algorithm>
#include <iterator>

namespace nes::telemetry {

void LogRecords::Fields::operator()(std::string_view name, std::uint64_t value) {
  out_.push_back({name, value});
}
void LogRecords::Fields::operator()(std::string_view name, std::int64_t value) {
  out_.push_back({name, value});
}
void LogRecords::Fields::operator()(std::string_view name, bool value) { out_.push_back({name, value}); }
void LogRecords::Fields::operator()(std::string_view name, ErrorCode value) {
  out_.push_back({name, std::string(base::error_code_name(value))});
}
void LogRecords::Fields::operator()(std::string_view name, base::StaticText value) {
  out_.push_back({name, std::string(value.view())});
}
void LogRecords::Fields::operator()(std::string_view name, OperatorText value) {
  out_.push_back({name, std::string(value.view())});
}

void LogRecords::push(LogRecord record) {
  const std::lock_guard lock(mutex_);
  if (records_.size() >= max_records_)
    ++dropped_;
  else
    records_.push_back(std::move(record));
}

std::vector<LogRecord> LogRecords::take(std::size_t max) {
  const std::lock_guard lock(mutex_);
  const auto end = records_.begin() + static_cast<std::ptrdiff_t>(std::min(max, records_.size()));
  std::vector<LogRecord> taken(std::make_move_iterator(records_.begin()), std::make_move_iterator(end));
  records_.erase(records_.begin(), end);
  return taken;
}

std::size_t LogRecords::size() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

std::uint64_t LogRecords::take_dropped() {
  const std::lock_guard lock(mutex_);
  return std::exchange(dropped_, 0);
}

}  // namespace nes::telemetry
