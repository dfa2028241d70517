#include "enclave/service/program.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "os/unique_fd.h"

namespace nes::service {
namespace {

Error io_error(base::StaticText reason) noexcept {
  return {ErrorCode::kIo, reason, static_cast<std::uint64_t>(errno)};
}

}  // namespace

std::optional<std::string_view> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string_view>(value);
}

config::Machine machine() {
  return {.memory_bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                          static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
          .vcpus = static_cast<std::size_t>(sysconf(_SC_NPROCESSORS_ONLN))};
}

void harden_process() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

void keep_freed_memory() {
  // One arena, as only the first can grow beyond 64 MiB; and none of it goes back, nor ever came from mmap.
  // Another malloc, as sanitizers have, need not know these.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

Result<void> allow_locked_memory() {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  if (::geteuid() != 0) {
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
      return io_error("the limit of locked memory cannot be read");
    if (limit.rlim_max != RLIM_INFINITY)
      return Error{ErrorCode::kNotAllowed, "RLIMIT_MEMLOCK is not unlimited"};
    limit.rlim_cur = limit.rlim_max;
  }
  if (::setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
    return io_error("the limit of locked memory cannot be raised");
  return {};
}

Result<void> lock_memory() {
  // On fault: the unused rest of a thread's stack need not be there.
  if (::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) return io_error("memory cannot be locked");
  return {};
}

Result<void> allow_descriptors(std::size_t max_connections) {
  constexpr rlim_t kOwn = 1024;  // event loops, listeners, the way out, files
  const rlim_t needed = max_connections + max_connections / 8 + kOwn;  // those over the limit are told so
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return io_error("the limit of descriptors cannot be read");
  if (limit.rlim_cur >= needed) return {};
  limit.rlim_cur = needed;
  if (::geteuid() == 0) limit.rlim_max = std::max(limit.rlim_max, needed);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return io_error("the limit of descriptors cannot be raised");
  return {};
}

void print_errors(const config::ConfigErrors& errors) {
  for (const auto& error : errors) std::fprintf(stderr, "%s\n", error.render().c_str());
}

void print_failure(base::StaticText step, const Error& error) {
  std::fprintf(stderr, "enclave: %.*s: %.*s (%s, %llu)\n", static_cast<int>(step.view().size()),
               step.view().data(), static_cast<int>(error.reason.view().size()), error.reason.view().data(),
               base::error_code_name(error.code), static_cast<unsigned long long>(error.position));
}

void print_variables(std::span<const config::VariableInfo> variables) {
  for (const auto& variable : variables) {
    const std::string_view otherwise = variable.required                ? "required"
                                       : variable.default_value.empty() ? variable.default_note
                                                                        : variable.default_value;
    std::printf("  %.*s (%.*s)\n      %.*s\n", static_cast<int>(variable.name.size()), variable.name.data(),
                static_cast<int>(otherwise.size()), otherwise.data(),
                static_cast<int>(variable.meaning.size()), variable.meaning.data());
  }
}

telemetry::Level level_of(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::kError: return telemetry::Level::kError;
    case config::LogLevel::kWarn: return telemetry::Level::kWarn;
    case config::LogLevel::kInfo: return telemetry::Level::kInfo;
    case config::LogLevel::kDebug: return telemetry::Level::kDebug;
    case config::LogLevel::kTrace: return telemetry::Level::kTrace;
  }
  return telemetry::Level::kInfo;
}

os::Endpoint vsock_listener(std::uint32_t port) {
  return {.transport = os::Transport::kVsock, .host = {}, .cid = os::kAnyCid, .port = port};
}

std::vector<std::string> server_names(const config::Config& config) {
  std::vector<std::string> names;
  for (const config::ServerName& name : config.tls_server_names) names.push_back(name.text);
  return names;
}

Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes) {
  const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return io_error("a file cannot be opened");
  std::string text;
  for (;;) {
    char block[16 * 1024];
    const ssize_t got = ::read(fd.get(), block, sizeof block);
    if (got < 0) return io_error("a file cannot be read");
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > max_bytes) return Error{ErrorCode::kLimit, "a file is too large"};
  }
}

}  // namespace nes::service
