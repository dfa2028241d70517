#include "host/vsock_proxy/configuration.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "base/limits.h"

namespace nes::vsock_proxy {
namespace {

constexpr std::uint64_t kMaxPort = 65'535;
constexpr std::uint64_t kMaxVsockPort = 0xFFFFFFFE;
constexpr std::uint64_t kMaxSeconds = 3'600;
constexpr std::uint64_t kMaxCid = 0xFFFFFFFE;
// 0 is the hypervisor, 1 the guest itself (vsock(7)), 2 whoever runs it.
constexpr std::uint64_t kMinCid = 2;

// Reads settings and keeps the first thing that is wrong.
class Settings {
 public:
  explicit Settings(const Options& options) noexcept : options_(options) {}

  std::uint64_t number(std::string_view name, std::uint64_t min, std::uint64_t max) {
    const std::string text = options_.text(name);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < min || value > max)
      wrong(name, "not a number from " + std::to_string(min) + " to " + std::to_string(max), text);
    return value;
  }

  os::Endpoint endpoint(std::string_view name, const std::string& text) {
    auto parsed = os::parse_endpoint(text);
    if (!parsed.ok()) wrong(name, "not tcp:ADDRESS:PORT, vsock:CID:PORT or uds:PATH:PORT", text);
    return parsed.ok() ? std::move(parsed).value() : os::Endpoint{};
  }

  std::optional<std::uint32_t> cid(std::string_view name) {
    if (options_.text(name).empty()) return {};
    return static_cast<std::uint32_t>(number(name, kMinCid, kMaxCid));
  }

  // --`name` ENDPOINT, or the enclave's CID and a port.
  os::Endpoint of_enclave(std::string_view name, std::string_view port_name) {
    if (const std::string text = options_.text(name); !text.empty()) return endpoint(name, text);
    const auto of_cid = cid("enclave-cid");
    if (!of_cid) wrong("enclave-cid", "needed, or --" + std::string(name) + " ENDPOINT", "");
    return {.transport = os::Transport::kVsock,
            .host = {},
            .cid = of_cid.value_or(0),
            .port = static_cast<std::uint32_t>(number(port_name, 1, kMaxVsockPort))};
  }

  os::Endpoint on_host(std::string_view host, std::string_view port) {
    return endpoint(host, "tcp:" + options_.text(host) + ":" + std::to_string(number(port, 0, kMaxPort)));
  }

  void wrong(std::string_view name, const std::string& what, const std::string& got) {
    if (!error_)
      error_ =
          UsageError{"--" + std::string(name) + ": " + what + (got.empty() ? "" : " (got: " + got + ")")};
  }
  const std::optional<UsageError>& error() const noexcept { return error_; }

 private:
  const Options& options_;
  std::optional<UsageError> error_;
};

Egress::Forward parse_forward(Settings& settings, const std::string& text) {
  Egress::Forward forward;
  const std::size_t equals = text.find('=');
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + std::min(equals, text.size()), forward.port);
  const std::string target = equals == std::string::npos ? std::string() : text.substr(equals + 1);
  if (auto endpoint = os::parse_endpoint(target); endpoint.ok()) {
    forward.endpoint = std::move(endpoint).value();
  } else if (const std::size_t colon = target.rfind(':'); target.starts_with("tcp:") && colon > 4) {
    forward.place.host = target.substr(4, colon - 4);
    const auto [port_end, port_error] =
        std::from_chars(target.data() + colon + 1, target.data() + target.size(), forward.place.port);
    if (port_error != std::errc() || port_end != target.data() + target.size()) forward.place.port = 0;
  }
  const bool has_target = forward.endpoint || (forward.place.port != 0 && is_host_name(forward.place.host));
  if (error != std::errc() || end != text.data() + equals || forward.port == 0 || !has_target)
    settings.wrong("forward", "not PORT=tcp:HOST:PORT", text);
  return forward;
}

void read_egress(Settings& settings, const Options& options, const Options::Environment& environment,
                 Configuration& out) {
  out.egress.listen = settings.endpoint("listen", options.text("listen"));
  out.allow_list_file = options.text("config");
  if (out.allow_list_file.empty()) settings.wrong("config", "needed: the file of the allow-list", "");
  out.egress.allowed_cid = out.allowed_cid;
  if (out.egress.listen.transport == os::Transport::kVsock && !out.allowed_cid)
    settings.wrong("allow-cid", "needed, or --enclave-cid: every process of the node can reach a vsock port",
                   "");
  for (const std::string& text : options.texts("forward"))
    out.egress.forwards.push_back(parse_forward(settings, text));
  for (const std::string& text : options.texts("map")) {
    const std::size_t equals = text.find('=');
    std::string host = text.substr(0, std::min(equals, text.size()));
    std::transform(host.begin(), host.end(), host.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    IpAddress address;
    if (equals == std::string::npos || !(is_host_name(host) || parse_ip(host, address)))
      settings.wrong("map", "not HOST=ENDPOINT", text);
    else
      out.egress.maps[host] = settings.endpoint("map", text.substr(equals + 1));
  }
  const auto url = [&](const char* name, const std::string& text) {
    auto parsed = parse_plain_url(text);
    if (!parsed.ok()) settings.wrong(name, "not http://ADDRESS[:PORT][/PATH]", text);
    return parsed.ok() ? std::move(parsed).value() : PlainUrl{};
  };
  if (const auto text = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI"); text && !text->empty())
    out.egress.credentials.container = url("AWS_CONTAINER_CREDENTIALS_FULL_URI", *text);
  out.egress.credentials.token_file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").value_or("");
  const auto metadata = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  out.egress.credentials.metadata =
      url("AWS_EC2_METADATA_SERVICE_ENDPOINT",
          metadata && !metadata->empty() ? *metadata : "http://169.254.169.254");
}

void read_mode(Settings& settings, const Options& options, const Options::Environment& environment,
               Configuration& out) {
  const auto ms = [&](std::string_view name, std::uint64_t min) {
    return static_cast<std::int64_t>(settings.number(name, min, kMaxSeconds)) * 1000;
  };
  const bool serves = options.mode() == Mode::kIngress || options.mode() == Mode::kEgress;
  if (serves) {
    out.drain_ms = ms("drain-secs", 0);
    out.admin = settings.on_host("admin-host", "admin-port");
    out.has_admin = options.text("admin-port") != "0";
  }
  if (options.mode() == Mode::kEgress || options.mode() == Mode::kLogs) {
    out.allowed_cid = settings.cid("allow-cid");
    if (!out.allowed_cid) out.allowed_cid = settings.cid("enclave-cid");
  }
  switch (options.mode()) {
    case Mode::kIngress:
      out.ingress.listen = settings.on_host("listen-host", "listen-port");
      out.ingress.enclave = settings.of_enclave("enclave", "enclave-port");
      // An enclave that is told as an endpoint has its health port beside it, if nobody says otherwise.
      out.health =
          options.text("health").empty() && !options.text("enclave").empty()
              ? os::with_port(out.ingress.enclave,
                              static_cast<std::uint32_t>(settings.number("health-port", 1, kMaxVsockPort)))
              : settings.of_enclave("health", "health-port");
      out.ingress.connect_wait_ms = ms("connect-wait-secs", 0);
      return;
    case Mode::kEgress: return read_egress(settings, options, environment, out);
    case Mode::kLogs:
      out.logs = settings.endpoint("listen", options.text("listen"));
      out.lines_per_second =
          settings.number("max-lines-per-sec", 0, std::numeric_limits<std::uint32_t>::max());
      return;
    case Mode::kProbe:
      out.path = options.text("probe-path");
      if (out.path != "/readyz" && out.path != "/livez")
        settings.wrong("probe-path", "not /readyz or /livez", out.path);
      [[fallthrough]];
    case Mode::kDrain:
      out.health = settings.of_enclave("health", "health-port");
      out.timeout_ms = ms("timeout-secs", 1);
      return;
  }
}

}  // namespace

std::variant<Configuration, UsageError> configure(const Options& options,
                                                  const Options::Environment& environment) {
  Settings settings(options);
  Configuration out;
  if (const std::string level = options.text("log-level"); !level.empty() && !parse_level(level, out.level))
    settings.wrong("log-level", "not error, warn, info or debug", level);
  read_mode(settings, options, environment, out);
  if (settings.error()) return *settings.error();
  return out;
}

std::variant<AllowList, UsageError> read_allow_list_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return UsageError{"--config: cannot be read (got: " + path + ")"};
  std::string text(limits::kAllowListBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto list = AllowList::parse(text);
  if (list.ok()) return std::move(list).value();
  const Error& error = list.error();
  return UsageError{"--config: " + path + ":" + std::to_string(error.position) + ": " +
                    std::string(error.reason.view())};
}

}  // namespace nes::vsock_proxy
