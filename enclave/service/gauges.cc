#include "enclave/service/gauges.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "os/unique_fd.h"

namespace nes::service {

using Kind = telemetry::MetricFamily::Kind;

void SchemaAges::note(const std::vector<std::string>& confirmed, const std::vector<std::string>& refused,
                      std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::int64_t> next;
  for (const std::string& name : refused)
    if (const auto known = confirmed_ms_.find(name); known != confirmed_ms_.end()) next.insert(*known);
  for (const std::string& name : confirmed) next[name] = now_ms;
  confirmed_ms_ = std::move(next);
}

std::vector<std::pair<std::string, std::int64_t>> SchemaAges::ages_ms(std::int64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::int64_t>> ages;
  for (const auto& [name, confirmed_ms] : confirmed_ms_) ages.emplace_back(name, now_ms - confirmed_ms);
  return ages;
}

// proc(5): the second number of statm is the resident pages.
std::uint64_t resident_bytes() {
  const os::UniqueFd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  char text[128];
  const ssize_t size = file ? ::read(file.get(), text, sizeof text) : 0;
  const std::string_view all(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const std::size_t space = all.find(' ');
  std::uint64_t pages = 0;
  if (space == std::string_view::npos) return 0;
  std::from_chars(all.data() + space + 1, all.data() + all.size(), pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::vector<telemetry::MetricFamily> gauges(const State& state, const SchemaAges& ages,
                                            const telemetry::LogRecords* log_records) {
  std::vector<telemetry::MetricFamily> families;
  const auto add = [&families](std::string_view name, std::string_view description, std::string_view unit,
                               std::uint64_t value) {
    families.push_back({.kind = Kind::kGauge, .name = name, .description = description, .unit = unit});
    families.back().points.push_back({.value = value});
  };
  const auto seconds = [](std::int64_t ms) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0) / 1000);
  };
  const Status& status = state.status;
  const std::int64_t now_ms = state.clock.monotonic_ms();
  const auto keys = state.keys.get();
  const auto schemas = state.schemas.get();
  add("enclave_ready", "Whether requests are served: 1 or 0", "1", status.ready() ? 1 : 0);
  add("enclave_uptime_s", "Since the start of the process", "s", seconds(now_ms - state.started_ms));
  add("enclave_connections", "Connections of clients that are open", "1", status.connections);
  add("enclave_inflight_bytes", "Bodies and answers that are held", "By", status.inflight_bytes);
  add("enclave_batch_slices_waiting", "Parts of batches that wait for a worker", "1",
      state.exchange.waiting());
  add("enclave_spans_waiting", "Spans that wait for their export", "1",
      state.spans == nullptr ? 0 : state.spans->size());
  add("enclave_log_records_waiting", "Log records that wait for their export", "1",
      log_records == nullptr ? 0 : log_records->size());
  add("enclave_keys_loaded", "Keys that open tokens", "1", keys == nullptr ? 0 : keys->keys().size());
  add("enclave_schemas_loaded", "Schemas that requests can name", "1",
      schemas == nullptr ? 0 : schemas->size());
  add("enclave_dek_failing", "Whether the last refresh of the keys failed: 1 or 0", "1",
      status.keys_failing ? 1 : 0);
  add("enclave_schemas_failing", "Whether the last listing failed or a schema is refused: 1 or 0", "1",
      status.schemas_failing ? 1 : 0);
  add("enclave_memory_resident_bytes", "Memory of the process", "By", resident_bytes());
  if (const std::int64_t confirmed_ms = status.keys_confirmed_ms; confirmed_ms >= 0)
    add("enclave_dek_age_s", "Since the last refresh of the keys that did not fail", "s",
        seconds(now_ms - confirmed_ms));

  telemetry::MetricFamily by_schema{.kind = Kind::kGauge,
                                    .name = "enclave_schema_age_s",
                                    .description = "Since the version in use was last seen to be the newest",
                                    .unit = "s",
                                    .label_name = "schema"};
  for (const auto& [name, age_ms] : ages.ages_ms(now_ms)) {
    if (by_schema.points.size() == limits::kExportedSchemas) break;
    by_schema.points.push_back({.label = name, .value = seconds(age_ms)});
  }
  if (!by_schema.points.empty()) families.push_back(std::move(by_schema));

  telemetry::MetricFamily by_key{.kind = Kind::kSum,
                                 .name = "enclave_token_opens",
                                 .description = "Tokens that a loaded key has opened",
                                 .unit = "1",
                                 .label_name = "kid"};
  for (std::size_t i = 0; keys != nullptr && i < keys->keys().size(); ++i) {
    const token::KeyId& kid = keys->keys()[i]->kid();
    by_key.points.push_back(
        {.label = std::string(kid.data(), kid.size()), .value = state.key_use.total(kid).opens});
  }
  if (!by_key.points.empty()) families.push_back(std::move(by_key));
  return families;
}

}  // namespace nes::service
