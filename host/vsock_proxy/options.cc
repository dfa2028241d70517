#include "host/vsock_proxy/options.h"

#include <algorithm>

namespace nes::vsock_proxy {
namespace {

constexpr Setting kLogLevel{"log-level", "LEVEL", "info", false, "error, warn, info or debug"};
constexpr Setting kAdminHost{"admin-host", "ADDRESS", "0.0.0.0", false, "where the admin port listens"};
constexpr Setting kAdminPort{"admin-port", "PORT", "9901", false, "/livez, /readyz, /metrics; 0: none"};
constexpr Setting kDrainSecs{"drain-secs", "SECONDS", "20", false, "from SIGTERM until connections are cut"};
constexpr Setting kEnclaveCid{"enclave-cid", "CID", "", false, "the enclave's CID"};
constexpr Setting kHealthPort{"health-port", "PORT", "8015", false, "the enclave's health port"};
constexpr Setting kHealth{"health", "ENDPOINT", "", false,
                          "the health port as an endpoint, instead of CID and port"};
constexpr Setting kAllowCid{"allow-cid", "CID", "", false,
                            "the only vsock peer that is served; default: ENCLAVE_CID"};
constexpr Setting kTimeout{"timeout-secs", "SECONDS", "3", false, "how long to wait for the answer"};

constexpr Setting kIngress[] = {
    {"listen-host", "ADDRESS", "127.0.0.1", false, "where clients connect to"},
    {"listen-port", "PORT", "8443", false, "where clients connect to"},
    kEnclaveCid,
    {"enclave-port", "PORT", "443", false, "the enclave's TLS port"},
    {"enclave", "ENDPOINT", "", false, "the enclave as an endpoint, instead of CID and port"},
    kHealthPort,
    kHealth,
    {"connect-wait-secs", "SECONDS", "30", false,
     "how long a new connection waits for an enclave that is away"},
    kDrainSecs,
    kAdminHost,
    kAdminPort,
    kLogLevel};
constexpr Setting kEgress[] = {
    {"listen", "ENDPOINT", "vsock:any:8000", false, "where the enclave connects to"},
    {"config", "FILE", "", false, "the allow-list; read again at SIGHUP"},
    kEnclaveCid,
    kAllowCid,
    {"forward", "PORT=tcp:HOST:PORT", "", true, "carries a port, on the transport of --listen, to one place"},
    {"map", "HOST=ENDPOINT", "", true, "carries a listed name to an endpoint instead of resolving it"},
    kDrainSecs,
    kAdminHost,
    kAdminPort,
    kLogLevel};
constexpr Setting kLogs[] = {
    {"listen", "ENDPOINT", "vsock:any:8014", false, "where the enclave sends its log"},
    kEnclaveCid,
    kAllowCid,
    {"max-lines-per-sec", "COUNT", "2000", false,
     "lines over it are counted instead of printed; 0: no bound"},
    kLogLevel};
constexpr Setting kProbe[] = {kEnclaveCid,
                              kHealthPort,
                              kHealth,
                              {"probe-path", "PATH", "/readyz", false, "/readyz or /livez"},
                              kTimeout};
constexpr Setting kDrain[] = {kEnclaveCid, kHealthPort, kHealth, kTimeout};

struct ModeEntry {
  Mode mode;
  std::string_view name;
  std::string_view help;
};
constexpr ModeEntry kModes[] = {
    {Mode::kIngress, "ingress", "carry TCP to the enclave, as the sidecar does (default)"},
    {Mode::kEgress, "egress", "carry the enclave's HTTP CONNECTs to what is allowed"},
    {Mode::kLogs, "logs", "print the enclave's log"},
    {Mode::kProbe, "probe", "ask the health port; status 0 if it says yes"},
    {Mode::kDrain, "drain", "ask the enclave to take no new connections"}};

const Setting* find(Mode mode, std::string_view name) noexcept {
  for (const Setting& setting : settings_of(mode))
    if (setting.name == name) return &setting;
  return nullptr;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::optional<Options::Action> action_of(std::string_view word) noexcept {
  if (word == "--help" || word == "-h") return Options::Action::kHelp;
  if (word == "--version") return Options::Action::kVersion;
  if (word == "--check-config") return Options::Action::kCheckConfig;
  if (word == "--print-config") return Options::Action::kPrintConfig;
  return {};
}

}  // namespace

std::string_view mode_name(Mode mode) noexcept { return kModes[static_cast<std::size_t>(mode)].name; }

std::span<const Setting> settings_of(Mode mode) noexcept {
  switch (mode) {
    case Mode::kIngress: return kIngress;
    case Mode::kEgress: return kEgress;
    case Mode::kLogs: return kLogs;
    case Mode::kProbe: return kProbe;
    case Mode::kDrain: return kDrain;
  }
  return {};
}

std::string variable_name(std::string_view flag) {
  std::string name(flag);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  });
  return name;
}

std::variant<Options, UsageError> Options::parse(std::span<const std::string_view> words,
                                                 const Environment& environment) {
  Options options;
  if (!words.empty() && !words.front().starts_with('-')) {
    const auto* const entry = std::find_if(std::begin(kModes), std::end(kModes),
                                           [&](const ModeEntry& mode) { return mode.name == words.front(); });
    if (entry == std::end(kModes))
      return UsageError{"no command '" + std::string(words.front()) + "'; see --help"};
    options.mode_ = entry->mode;
    words = words.subspan(1);
  }
  while (!words.empty()) {
    const std::string_view word = words.front();
    words = words.subspan(1);
    if (const auto action = action_of(word)) {
      options.action_ = *action;
      continue;
    }
    const std::size_t equals = word.find('=');
    const Setting* const setting =
        word.starts_with("--") ? find(options.mode_, word.substr(2, std::min(equals, word.size()) - 2))
                               : nullptr;
    if (setting == nullptr)
      return UsageError{"'" + std::string(word) + "' is not a flag of " +
                        std::string(mode_name(options.mode_)) + "; see --help"};
    const std::string flag = "--" + std::string(setting->name);
    if (equals == std::string_view::npos && words.empty()) return UsageError{flag + ": needs a value"};
    const std::string_view value = equals == std::string_view::npos ? words.front() : word.substr(equals + 1);
    if (equals == std::string_view::npos) words = words.subspan(1);
    auto& values = options.values_[std::string(setting->name)];
    if (!values.empty() && !setting->repeated) return UsageError{flag + ": given twice"};
    values.emplace_back(value);
  }
  for (const Setting& setting : settings_of(options.mode_)) {
    if (options.values_.contains(setting.name)) continue;
    const auto value = environment(variable_name(setting.name));
    if (!value || value->empty()) continue;
    options.values_[std::string(setting.name)] = setting.repeated ? split(*value) : std::vector{*value};
  }
  return options;
}

std::vector<std::string> Options::texts(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::string Options::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second.front();
  const Setting* const setting = find(mode_, name);
  return setting == nullptr ? std::string() : std::string(setting->otherwise);
}

std::string Options::print() const {
  std::string out;
  for (const Setting& setting : settings_of(mode_)) {
    out += variable_name(setting.name) + "=";
    if (setting.repeated) {
      std::string_view separator;
      for (const std::string& value : texts(setting.name)) {
        out.append(separator).append(value);
        separator = ",";
      }
    } else {
      out += text(setting.name);
    }
    out += "\n";
  }
  return out;
}

std::string usage(Mode mode) {
  std::string out = "usage: vsock-proxy [COMMAND] [--FLAG VALUE]...\n\ncommands:\n";
  for (const ModeEntry& entry : kModes)
    out.append("  ").append(entry.name).append(12 - entry.name.size(), ' ').append(entry.help).append("\n");
  out.append("\nflags of ")
      .append(mode_name(mode))
      .append(", each also a variable (--log-level is LOG_LEVEL):\n");
  for (const Setting& setting : settings_of(mode)) {
    std::string flag = "  --" + std::string(setting.name) + " " + std::string(setting.value);
    flag.append(flag.size() < 40 ? 40 - flag.size() : 1, ' ').append(setting.help);
    if (!setting.otherwise.empty()) flag.append(" [").append(setting.otherwise).append("]");
    out += flag + "\n";
  }
  return out +
         "\n  --check-config, --print-config, --version, --help\n\n"
         "An endpoint is tcp:ADDRESS:PORT, vsock:CID:PORT or uds:PATH:PORT.\n";
}

}  // namespace nes::vsock_proxy
