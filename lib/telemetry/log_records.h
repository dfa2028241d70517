// Events of the log on their way to OTLP: a bounded queue of them with their fields.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "telemetry/events.h"

namespace nes::telemetry {

struct Attribute {
  std::string_view name;  // a literal
  std::variant<std::uint64_t, std::int64_t, bool, std::string> value;
};

struct LogRecord {
  std::int64_t unix_ms = 0;
  Level level = Level::kInfo;
  std::string_view event;  // a literal
  std::vector<Attribute> attributes{};
};

class LogRecords {
 public:
  explicit LogRecords(std::size_t max_records) noexcept : max_records_(max_records) {}

  template <Event E>
  void add(std::int64_t unix_ms, const E& event) {
    LogRecord record{.unix_ms = unix_ms, .level = E::kLevel, .event = E::kName};
    Fields fields(record.attributes);
    event.fields(fields);
    push(std::move(record));
  }

  // The oldest, `max` at most.
  std::vector<LogRecord> take(std::size_t max);
  std::size_t size() const;
  // How many there was no room for, since the last call.
  std::uint64_t take_dropped();

 private:
  class Fields final : public FieldWriter {
   public:
    explicit Fields(std::vector<Attribute>& out) noexcept : out_(out) {}
    void operator()(std::string_view name, std::uint64_t value) override;
    void operator()(std::string_view name, std::int64_t value) override;
    void operator()(std::string_view name, bool value) override;
    void operator()(std::string_view name, ErrorCode value) override;
    void operator()(std::string_view name, base::StaticText value) override;
    void operator()(std::string_view name, OperatorText value) override;

   private:
    std::vector<Attribute>& out_;
  };
  void push(LogRecord record);

  const std::size_t max_records_;
  mutable std::mutex mutex_;
  std::vector<LogRecord> records_;
  std::uint64_t dropped_ = 0;
};

}  // namespace nes::telemetry
