// What the main functions of the enclave have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "enclave/config/config.h"
#include "os/endpoint.h"
#include "telemetry/events.h"

namespace nes::service {

// A variable of the environment.
std::optional<std::string_view> environment(std::string_view name);
config::Machine machine();

// No core file, no debugger of the same user, a broken pipe is an error like any other, and SIGTERM and
// SIGINT are blocked for Service::run(). Call before any thread is started.
void harden_process();
// Has malloc keep what is freed: nobody else in the enclave could use it, and for a large document new pages
// cost more than sealing it does. Call before any thread is started.
void keep_freed_memory();
// Lets the process, and the user that it becomes, lock as much memory as it likes: root may, a user would see
// its allocations fail one day. kNotAllowed: it is not root and its RLIMIT_MEMLOCK is not unlimited; kIo with
// errno as position.
Result<void> allow_locked_memory();
// Keeps all memory, present and future, out of swap. kIo with errno as position: the process lacks
// RLIMIT_MEMLOCK.
Result<void> lock_memory();
// Makes room for so many connections beside what the program itself keeps open. kIo with errno as position:
// the process's hard RLIMIT_NOFILE is below that.
Result<void> allow_descriptors(std::size_t max_connections);

// Writes each on a line of its own to stderr.
void print_errors(const config::ConfigErrors& errors);
// Says on stderr that a step of the start failed: `enclave: STEP: what`.
void print_failure(base::StaticText step, const Error& error);
// What --help says of variables.
void print_variables(std::span<const config::VariableInfo> variables);

telemetry::Level level_of(config::LogLevel level);
// Where a vsock port of the enclave listens.
os::Endpoint vsock_listener(std::uint32_t port);

// Where the image has the authorities that remotes are verified against, PEM.
inline constexpr const char* kCaBundlePath = "/etc/nitro-enc-svc/ca-bundle.pem";

// TLS_SERVER_NAMES as the certificate has them.
std::vector<std::string> server_names(const config::Config& config);

// A file of at most `max_bytes`. kIo with errno as position, kLimit.
Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes);

}  // namespace nes::service
