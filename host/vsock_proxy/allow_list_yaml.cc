#include "host/vsock_proxy/allow_list_yaml.h"

#include <yaml.h>

#include <optional>

#include "base/limits.h"

namespace nes::vsock_proxy {
namespace {

// libyaml's events, one at a time, each released before the next.
class Events {
 public:
  explicit Events(std::string_view yaml) noexcept : ready_(yaml_parser_initialize(&parser_) == 1) {
    if (ready_)
      yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(yaml.data()),
                                   yaml.size());
  }
  ~Events() {
    yaml_event_delete(&event_);
    if (ready_) yaml_parser_delete(&parser_);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // Anchors and tags have no meaning here.
  Result<yaml_event_type_t> next() {
    yaml_event_delete(&event_);
    event_ = {};
    if (!ready_ || yaml_parser_parse(&parser_, &event_) != 1)
      return Error{ErrorCode::kMalformed, "not YAML", parser_.problem_mark.line + 1};
    const bool decorated =
        (event_.type == YAML_SCALAR_EVENT &&
         (event_.data.scalar.anchor != nullptr || event_.data.scalar.tag != nullptr)) ||
        (event_.type == YAML_MAPPING_START_EVENT &&
         (event_.data.mapping_start.anchor != nullptr || event_.data.mapping_start.tag != nullptr)) ||
        (event_.type == YAML_SEQUENCE_START_EVENT &&
         (event_.data.sequence_start.anchor != nullptr || event_.data.sequence_start.tag != nullptr));
    if (decorated || event_.type == YAML_ALIAS_EVENT) return wrong("anchors, aliases and tags are not taken");
    return event_.type;
  }
  Result<void> expect(yaml_event_type_t type, base::StaticText reason) {
    NES_TRY_ASSIGN(const yaml_event_type_t got, next());
    if (got != type) return wrong(reason);
    return {};
  }
  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(event_.data.scalar.value), event_.data.scalar.length};
  }
  std::uint64_t line() const noexcept { return event_.start_mark.line + 1; }
  Error wrong(base::StaticText reason) const noexcept { return {ErrorCode::kMalformed, reason, line()}; }

 private:
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  const bool ready_;
};

constexpr base::StaticText kNotTheFormat = "not `allowlist:` and a list of {address, port}";

// Behind the beginning of its mapping.
Result<YamlEntry> read_entry(Events& events) {
  std::optional<std::string> address;
  std::optional<std::string> port;
  YamlEntry entry;
  entry.line = events.line();
  for (;;) {
    NES_TRY_ASSIGN(const yaml_event_type_t type, events.next());
    if (type == YAML_MAPPING_END_EVENT) break;
    if (type != YAML_SCALAR_EVENT) return events.wrong(kNotTheFormat);
    std::optional<std::string>* const field = events.text() == "address" ? &address
                                              : events.text() == "port"  ? &port
                                                                         : nullptr;
    if (field == nullptr) return events.wrong("an entry has a key other than address and port");
    if (*field) return events.wrong("an entry has a key twice");
    NES_TRY(events.expect(YAML_SCALAR_EVENT, kNotTheFormat));
    *field = events.text();
  }
  if (!address || !port)
    return Error{ErrorCode::kMalformed, "an entry lacks its address or its port", entry.line};
  entry.address = std::move(*address);
  entry.port = std::move(*port);
  return entry;
}

}  // namespace

Result<std::vector<YamlEntry>> read_allow_list(std::string_view yaml) {
  if (yaml.size() > limits::kAllowListBytes) return Error{ErrorCode::kLimit, "the allow-list is too large"};
  Events events(yaml);
  NES_TRY(events.expect(YAML_STREAM_START_EVENT, kNotTheFormat));
  NES_TRY(events.expect(YAML_DOCUMENT_START_EVENT, kNotTheFormat));
  NES_TRY(events.expect(YAML_MAPPING_START_EVENT, kNotTheFormat));
  NES_TRY(events.expect(YAML_SCALAR_EVENT, kNotTheFormat));
  if (events.text() != "allowlist") return events.wrong(kNotTheFormat);
  NES_TRY(events.expect(YAML_SEQUENCE_START_EVENT, kNotTheFormat));
  std::vector<YamlEntry> entries;
  for (;;) {
    NES_TRY_ASSIGN(const yaml_event_type_t type, events.next());
    if (type == YAML_SEQUENCE_END_EVENT) break;
    if (type != YAML_MAPPING_START_EVENT) return events.wrong(kNotTheFormat);
    if (entries.size() == limits::kAllowListEntries)
      return Error{ErrorCode::kLimit, "the allow-list has too many entries", events.line()};
    NES_TRY_ASSIGN(YamlEntry entry, read_entry(events));
    entries.push_back(std::move(entry));
  }
  NES_TRY(events.expect(YAML_MAPPING_END_EVENT, "a key other than allowlist"));
  NES_TRY(events.expect(YAML_DOCUMENT_END_EVENT, kNotTheFormat));
  NES_TRY(events.expect(YAML_STREAM_END_EVENT, "more than one document"));
  return entries;
}

}  // namespace nes::vsock_proxy
