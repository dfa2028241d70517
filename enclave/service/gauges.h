// What is measured at the moment of an export: ages, what is loaded, what waits, memory.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "enclave/service/state.h"
#include "telemetry/log_records.h"
#include "telemetry/otlp_messages.h"

namespace nes::service {

// When each schema was last seen to be the newest version there is. Thread rule: any thread.
class SchemaAges {
 public:
  // After a listing: `confirmed` are those whose newest version is in use, `refused` those of which an older
  // one may be. What has gone from the listing has no age any more.
  void note(const std::vector<std::string>& confirmed, const std::vector<std::string>& refused,
            std::int64_t now_ms);
  std::vector<std::pair<std::string, std::int64_t>> ages_ms(std::int64_t now_ms) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> confirmed_ms_;
};

// Bytes of memory that the process holds; 0 if the system does not say.
std::uint64_t resident_bytes();

std::vector<telemetry::MetricFamily> gauges(const State& state, const SchemaAges& ages,
                                            const telemetry::LogRecords* log_records);

}  // namespace nes::service
