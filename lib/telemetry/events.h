// The closed list of events. A line of the log is one of these and nothing else; docs/observability.md says
// what each means and what to do about it.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "telemetry/field.h"

namespace nes::telemetry {

enum class Level : std::uint8_t { kError, kWarn, kInfo, kDebug, kTrace };
std::string_view level_name(Level level) noexcept;

// `kAlwaysWritten` is true of events that no LOG_LEVEL leaves out.
template <typename E>
concept Event = requires(const E& event, FieldWriter& writer) {
  { E::kName } -> std::convertible_to<std::string_view>;
  { E::kLevel } -> std::convertible_to<Level>;
  event.fields(writer);
};

template <Event E>
constexpr bool is_written(Level least) noexcept {
  if constexpr (requires { E::kAlwaysWritten; })
    return true;
  else
    return E::kLevel <= least;
}

struct ServiceStarting {
  static constexpr std::string_view kName = "service_starting";
  static constexpr Level kLevel = Level::kInfo;
  base::StaticText version;
  std::uint64_t worker_threads;
  void fields(FieldWriter& write) const {
    write("version", version);
    write("worker_threads", worker_threads);
  }
};

struct Listening {
  static constexpr std::string_view kName = "listening";
  static constexpr Level kLevel = Level::kInfo;
  base::StaticText purpose;  // "tls" or "health"
  OperatorText endpoint;
  void fields(FieldWriter& write) const {
    write("purpose", purpose);
    write("endpoint", endpoint);
  }
};

struct ServiceReady {
  static constexpr std::string_view kName = "service_ready";
  static constexpr Level kLevel = Level::kInfo;
  std::uint64_t keys;
  std::uint64_t schemas;
  void fields(FieldWriter& write) const {
    write("keys", keys);
    write("schemas", schemas);
  }
};

// A step of start-up, or a refresh, did not succeed; it is tried again, and what was loaded stays.
struct StepFailed {
  static constexpr std::string_view kName = "step_failed";
  static constexpr Level kLevel = Level::kError;
  base::StaticText step;  // such as "listener", "keys", "schemas"
  Error error;
  std::uint64_t retry_in_ms;
  void fields(FieldWriter& write) const {
    write("step", step);
    write("error", error.code);
    write("reason", error.reason);
    write("position", error.position);
    write("retry_in_ms", retry_in_ms);
  }
};

struct KeysLoaded {
  static constexpr std::string_view kName = "keys_loaded";
  static constexpr Level kLevel = Level::kInfo;
  OperatorText sealing_kid;
  std::uint64_t keys;
  std::optional<base::StaticText> encryption_context;  // of KMS; nothing if the keys are from elsewhere
  void fields(FieldWriter& write) const {
    write("sealing_kid", sealing_kid);
    write("keys", keys);
    if (encryption_context) write("encryption_context", *encryption_context);
  }
};

// Memory may be swapped out, and keys with it: the process lacks RLIMIT_MEMLOCK. In development alone; the
// measured image does not start so.
struct MemoryNotLocked {
  static constexpr std::string_view kName = "memory_not_locked";
  static constexpr Level kLevel = Level::kWarn;
  Error error;
  void fields(FieldWriter& write) const { write("errno", error.position); }
};

// Keys that were left out; the others are loaded.
struct KeysRefused {
  static constexpr std::string_view kName = "keys_refused";
  static constexpr Level kLevel = Level::kError;
  std::uint64_t collisions;  // an older one has their id
  std::uint64_t unreadable;  // they cannot be opened, now or later
  void fields(FieldWriter& write) const {
    write("collisions", collisions);
    write("unreadable", unreadable);
  }
};

// The certificate that clients see is another one.
struct CertificateRenewed {
  static constexpr std::string_view kName = "certificate_renewed";
  static constexpr Level kLevel = Level::kInfo;
  base::StaticText source;  // "boot" or "secret"
  bool attested;            // an attestation document stands in it
  void fields(FieldWriter& write) const {
    write("source", source);
    write("attested", attested);
  }
};

struct SchemaLoaded {
  static constexpr std::string_view kName = "schema_loaded";
  static constexpr Level kLevel = Level::kInfo;
  OperatorText schema;
  std::uint64_t version;  // as it is signed; 0 without a signature
  std::uint64_t roots;
  std::uint64_t planned_paths;
  void fields(FieldWriter& write) const {
    write("schema", schema);
    write("version", version);
    write("roots", roots);
    write("planned_paths", planned_paths);
  }
};

// A schema that cannot be used; its last good version, if there is one, stays.
struct SchemaRefused {
  static constexpr std::string_view kName = "schema_refused";
  static constexpr Level kLevel = Level::kError;
  OperatorText schema;
  Error error;
  bool last_good_kept;
  void fields(FieldWriter& write) const {
    write("schema", schema);
    write("error", error.code);
    write("reason", error.reason);
    write("line", error.position);
    write("last_good_kept", last_good_kept);
  }
};

// Who opened what: one event for every request that opens tokens, whether it was allowed or not.
struct OpeningAudit {
  static constexpr bool kAlwaysWritten = true;
  OperatorText schema = OperatorText::loaded_schema("");  // empty if the request named none that is loaded
  OperatorText client = OperatorText::configuration("");  // the name that let it in, or "anonymous"
  std::uint64_t fields_count = 0;
  std::uint64_t request_id = 0;
  std::optional<ErrorCode> error{};  // nothing: it succeeded
  void fields(FieldWriter& write) const {
    write("schema", schema);
    write("client", client);
    write("fields", fields_count);
    write("request_id", request_id);
    if (error)
      write("outcome", *error);
    else
      write("outcome", base::StaticText("ok"));
  }
};

struct DecryptAudit : OpeningAudit {
  static constexpr std::string_view kName = "audit_decrypt";
  static constexpr Level kLevel = Level::kInfo;
};

struct RewrapAudit : OpeningAudit {
  static constexpr std::string_view kName = "audit_rewrap";
  static constexpr Level kLevel = Level::kInfo;
};

struct DrainStarted {
  static constexpr std::string_view kName = "drain_started";
  static constexpr Level kLevel = Level::kInfo;
  std::uint64_t connections;
  void fields(FieldWriter& write) const { write("connections", connections); }
};

struct ServiceStopped {
  static constexpr std::string_view kName = "service_stopped";
  static constexpr Level kLevel = Level::kInfo;
  std::uint64_t connections_cut;
  void fields(FieldWriter& write) const { write("connections_cut", connections_cut); }
};

// accept() failed for a reason that passes (no descriptors, no memory): the listener rests and tries again.
struct AcceptPaused {
  static constexpr std::string_view kName = "accept_paused";
  static constexpr Level kLevel = Level::kWarn;
  std::uint64_t system_error;
  void fields(FieldWriter& write) const { write("errno", system_error); }
};

// Lines that were dropped because whoever reads the log is too slow. Their sequence numbers are missing.
struct LogLinesDropped {
  static constexpr std::string_view kName = "log_lines_dropped";
  static constexpr Level kLevel = Level::kWarn;
  std::uint64_t lines;
  void fields(FieldWriter& write) const { write("lines", lines); }
};

// A signal's collector has not taken what was sent it, for as long as a batch is tried. Said once, until it
// is back; what is lost meanwhile is counted.
struct ExportFailing {
  static constexpr std::string_view kName = "export_failing";
  static constexpr Level kLevel = Level::kWarn;
  base::StaticText signal;  // "traces", "metrics" or "logs"
  Error error;
  void fields(FieldWriter& write) const {
    write("signal", signal);
    write("error", error.code);
    write("reason", error.reason);
    write("position", error.position);
  }
};

struct ExportRestored {
  static constexpr std::string_view kName = "export_restored";
  static constexpr Level kLevel = Level::kInfo;
  base::StaticText signal;
  void fields(FieldWriter& write) const { write("signal", signal); }
};

}  // namespace nes::telemetry
