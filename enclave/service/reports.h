// What the service says of itself, as JSON (docs/CONTRACTS.md section 2): /health, /v1/keys, /v1/schemas. No
// key material and nothing of a document is in it.
#pragma once

#include <string>

#include "enclave/service/state.h"

namespace nes::service {

void append_health(std::string& out, const State& state);
void append_keys(std::string& out, const State& state);
void append_schemas(std::string& out, const State& state);

}  // namespace nes::service
