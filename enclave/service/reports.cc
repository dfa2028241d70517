#include "enclave/service/reports.h"

#include <string_view>

#include "base/json_text.h"

namespace nes::service {
namespace {

std::string_view version_of(const keyring::VersionIds* versions, const token::KeyId& kid) {
  if (versions == nullptr) return "";
  const auto found = versions->find(kid);
  return found == versions->end() ? std::string_view() : found->second;
}

}  // namespace

void append_health(std::string& out, const State& state) {
  const Status& status = state.status;
  const auto schemas = state.schemas.get();
  const bool degraded = !status.ready() || status.keys_failing || status.schemas_failing;
  out += "{\"status\":\"";
  out += degraded ? "degraded" : "ok";
  out += "\",\"dek_ready\":";
  out += status.keys_loaded ? "true" : "false";
  out += ",\"schemas_loaded\":";
  out += std::to_string(schemas == nullptr ? 0 : schemas->size());
  out += '}';
}

void append_keys(std::string& out, const State& state) {
  const auto keys = state.keys.get();
  const auto versions = state.key_versions.get();
  out += "{\"uptime_secs\":";
  out += std::to_string((state.clock.monotonic_ms() - state.started_ms) / 1000);
  out += ",\"keys\":[";
  for (std::size_t i = 0; keys != nullptr && i < keys->keys().size(); ++i) {
    const token::KeyId& kid = keys->keys()[i]->kid();
    const KeyUse use = state.key_use.total(kid);
    if (i != 0) out += ',';
    out += "{\"kid\":\"";
    out.append(kid.data(), kid.size());
    out += "\",\"version_id\":";
    base::append_quoted(out, version_of(versions.get(), kid));
    out += i == 0 ? ",\"state\":\"sealing\",\"opens\":" : ",\"state\":\"opening\",\"opens\":";
    out += std::to_string(use.opens);
    out += ",\"last_open\":";
    if (use.opens == 0)
      out += "null";
    else
      base::append_quoted(out, base::format_rfc3339(use.last_open_unix_ms));
    out += '}';
  }
  out += "]}";
}

void append_schemas(std::string& out, const State& state) {
  const auto schemas = state.schemas.get();
  out += "{\"schemas\":[";
  if (schemas != nullptr) {
    for (const auto& [name, loaded] : schemas->all()) {
      if (!out.ends_with('[')) out += ',';
      out += "{\"name\":";
      base::append_quoted(out, name);
      out += ",\"version\":";
      out += loaded.version == 0 ? "null" : std::to_string(loaded.version);
      out += ",\"planned_paths\":" + std::to_string(loaded.schema->planned_paths()) + '}';
    }
  }
  out += "]}";
}

}  // namespace nes::service
