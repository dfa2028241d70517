#include "host/vsock_proxy/programs.h"

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/limits.h"
#include "host/vsock_proxy/admin.h"
#include "host/vsock_proxy/ask.h"
#include "host/vsock_proxy/health_watch.h"
#include "host/vsock_proxy/log_lines.h"

namespace nes::vsock_proxy {
namespace {

int say(const std::string& message) {
  std::fprintf(stderr, "vsock-proxy: %s\n", message.c_str());
  return 1;
}

std::string text_of(const Error& error) {
  std::string text(error.reason.view());
  if (error.position != 0) text += " (" + std::to_string(error.position) + ")";
  return text;
}

// Signals as events of a loop.
class Signals final : private os::EventHandler {
 public:
  Signals(os::EventLoop& loop, const sigset_t& signals, std::function<void(int)> on_signal)
      : loop_(loop),
        fd_(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC)),
        on_signal_(std::move(on_signal)) {
    NES_CHECK(fd_ && loop_.add(fd_.get(), EPOLLIN, *this).ok());
  }
  ~Signals() override { loop_.remove(fd_.get(), *this); }

 private:
  void on_events(std::uint32_t /*events*/) override {
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      on_signal_(static_cast<int>(info.ssi_signo));
  }

  os::EventLoop& loop_;
  os::UniqueFd fd_;
  const std::function<void(int)> on_signal_;
};

// Ends the loop when what drains takes too long.
class DrainLimit final : public os::Deadline {
 public:
  explicit DrainLimit(std::function<void()> over) : over_(std::move(over)) {}
  void on_deadline() override { over_(); }

 private:
  const std::function<void()> over_;
};

// What ingress and egress have in common: the loop, the signals, the admin port, the end.
class Server {
 public:
  Server(const Configuration& configuration, std::string_view mode)
      : configuration_(configuration), mode_(mode), report_(configuration.level) {
    auto loop = os::EventLoop::create(clock_);
    NES_CHECK(loop.ok());
    loop_ = std::move(loop).value();
    shared_ = std::make_unique<Shared>(Shared{.loop = *loop_, .metrics = metrics_, .report = report_});
  }

  Shared& shared() noexcept { return *shared_; }
  const Report& report() const noexcept { return report_; }

  // Announces what listens, serves until SIGTERM or SIGINT, drains, and returns the exit status.
  // `drain` is given what to call when all is done; `cut` resets what is left.
  int serve(const sigset_t& signals, const std::string& where, std::function<bool()> ready,
            const std::function<void(Connections::Idle)>& drain, const std::function<void()>& cut,
            const std::function<void()>& reload) {
    std::unique_ptr<Admin> admin;
    if (configuration_.has_admin) {
      auto started =
          Admin::start(*loop_, report_, configuration_.admin,
                       {.ready = [this, ready = std::move(ready)] { return !draining_ && ready(); },
                        .metrics = [this] { return metrics_.render(mode_); }});
      if (!started.ok()) return say("the admin port: " + text_of(started.error()));
      admin = std::move(started).value();
      report_.write(Level::kInfo, "listening",
                    {{"purpose", "admin"}, {"endpoint", os::format_endpoint(configuration_.admin)}});
    }
    report_.write(Level::kInfo, "listening", {{"purpose", mode_}, {"endpoint", where}});
    DrainLimit limit([&] {
      report_.write(Level::kWarn, "drain_cut", {{"open", std::to_string(metrics_.open)}});
      cut();
      loop_->stop();
    });
    const Signals watch(*loop_, signals, [&](int signal) {
      if (signal == SIGHUP) return reload();
      if (std::exchange(draining_, true)) return;
      report_.write(Level::kInfo, "draining", {{"open", std::to_string(metrics_.open)}});
      loop_->arm(limit, configuration_.drain_ms);
      drain([&] { loop_->stop(); });
    });
    loop_->run();
    report_.write(Level::kInfo, "stopped");
    return 0;
  }

 private:
  const Configuration& configuration_;
  const std::string_view mode_;
  const base::SystemClock clock_;
  const Report report_;
  Metrics metrics_;
  std::unique_ptr<os::EventLoop> loop_;
  std::unique_ptr<Shared> shared_;
  bool draining_ = false;
};

std::string listening_at(os::Endpoint endpoint, std::uint16_t tcp_port) {
  return os::format_endpoint(
      endpoint.transport == os::Transport::kTcp ? os::with_port(std::move(endpoint), tcp_port) : endpoint);
}

}  // namespace

sigset_t block_signals() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // splice(2) has no MSG_NOSIGNAL
  return signals;
}

int run_ingress(const Configuration& configuration, const sigset_t& signals) {
  Server server(configuration, "ingress");
  HealthWatch health(configuration.health);
  auto ingress = Ingress::start(server.shared(), configuration.ingress, &health);
  if (!ingress.ok()) return say("--listen-port: " + text_of(ingress.error()));
  return server.serve(
      signals, listening_at(configuration.ingress.listen, (*ingress)->tcp_port()),
      [&] { return health.ready(); }, [&](Connections::Idle idle) { (*ingress)->drain(std::move(idle)); },
      [&] { (*ingress)->cut(); }, [&] { server.report().write(Level::kInfo, "nothing_to_reload"); });
}

int run_egress(const Configuration& configuration, AllowList list, const sigset_t& signals) {
  Server server(configuration, "egress");
  const std::size_t entries = list.size();
  auto egress = Egress::start(server.shared(), configuration.egress, std::move(list));
  if (!egress.ok()) return say("--listen: " + text_of(egress.error()));
  server.report().write(Level::kInfo, "allow_list_loaded", {{"entries", std::to_string(entries)}});
  const auto reload = [&] {
    auto read = read_allow_list_file(configuration.allow_list_file);
    if (const auto* const error = std::get_if<UsageError>(&read))
      return server.report().write(Level::kError, "allow_list_kept", {{"reason", error->message}});
    const std::size_t count = std::get<AllowList>(read).size();
    (*egress)->set_allow_list(std::get<AllowList>(std::move(read)));
    server.report().write(Level::kInfo, "allow_list_loaded", {{"entries", std::to_string(count)}});
  };
  return server.serve(
      signals, listening_at(configuration.egress.listen, (*egress)->tcp_port()), [] { return true; },
      [&](Connections::Idle idle) { (*egress)->drain(std::move(idle)); }, [&] { (*egress)->cut(); }, reload);
}

namespace {

// The log streams of one enclave: usually one connection, after a restart of it another one.
class LogReceiver {
 public:
  LogReceiver(os::EventLoop& loop, const Configuration& configuration, const Report& report)
      : loop_(loop), configuration_(configuration), report_(report), rate_(configuration.lines_per_second) {}

  Result<void> start() {
    NES_TRY_ASSIGN(listener_, os::listen_on(configuration_.logs, SOMAXCONN));
    acceptor_ = std::make_unique<os::Acceptor>(
        loop_, listener_.get(), [this](os::UniqueFd client) { adopt(std::move(client)); },
        [this](std::uint64_t system_error) {
          report_.write(Level::kWarn, "accept_paused", {{"errno", std::to_string(system_error)}});
        });
    return acceptor_->start();
  }
  std::uint16_t tcp_port() const noexcept { return os::bound_tcp_port(listener_.get()); }
  // Prints what has arrived.
  void finish() {
    acceptor_.reset();
    while (!streams_.empty()) streams_.front()->read_all();
  }

 private:
  struct Stream final : os::EventHandler {
    Stream(LogReceiver& receiver, os::UniqueFd its_fd)
        : owner(receiver), fd(std::move(its_fd)), lines(receiver.rate_, print) {}
    ~Stream() override { owner.loop_.remove(fd.get(), *this); }

    // One write a line: what reads them sees whole lines.
    static void print(std::string_view line) {
      std::string out(line);
      out += '\n';
      for (std::string_view rest = out; !rest.empty();) {
        const ssize_t put = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (put < 0 && errno != EINTR)
          return;  // standard output has gone; what comes is still taken off the sender
        if (put > 0) rest.remove_prefix(static_cast<std::size_t>(put));
      }
    }
    void on_events(std::uint32_t /*events*/) override { read_some(); }
    void read_all() {
      while (read_some()) {
      }
    }
    // False once there is nothing more; the stream may then be gone.
    bool read_some() {
      char buffer[16 * 1024];
      const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) return true;
      const std::int64_t now_ms = owner.loop_.now_ms();
      if (got > 0) {
        lines.feed({buffer, static_cast<std::size_t>(got)}, now_ms);
        return true;
      }
      if (got < 0 && errno == EAGAIN && owner.acceptor_) return false;
      lines.finish(now_ms);
      owner.streams_.remove_if([this](const auto& stream) { return stream.get() == this; });
      return false;
    }

    LogReceiver& owner;
    os::UniqueFd fd;
    LogLines lines;
  };

  void adopt(os::UniqueFd client) {
    const auto cid = os::peer_cid(client.get());
    const bool is_other = configuration_.allowed_cid && cid && *cid != *configuration_.allowed_cid;
    if (is_other || streams_.size() == limits::kLogStreams) {
      report_.write(Level::kWarn, is_other ? "peer_refused" : "too_many_streams",
                    {{"cid", cid ? std::to_string(*cid) : "none"}});
      return;
    }
    auto stream = std::make_unique<Stream>(*this, std::move(client));
    if (loop_.add(stream->fd.get(), EPOLLIN, *stream).ok()) streams_.push_back(std::move(stream));
  }

  os::EventLoop& loop_;
  const Configuration& configuration_;
  const Report& report_;
  LineRate rate_;
  os::UniqueFd listener_;
  std::unique_ptr<os::Acceptor> acceptor_;
  std::list<std::unique_ptr<Stream>> streams_;
};

}  // namespace

int run_logs(const Configuration& configuration, const sigset_t& signals) {
  const base::SystemClock clock;
  const Report report(configuration.level);
  auto loop = os::EventLoop::create(clock);
  if (!loop.ok()) return say(text_of(loop.error()));
  LogReceiver receiver(**loop, configuration, report);
  if (const auto started = receiver.start(); !started.ok())
    return say("--listen: " + text_of(started.error()));
  report.write(Level::kInfo, "listening",
               {{"purpose", "logs"}, {"endpoint", listening_at(configuration.logs, receiver.tcp_port())}});
  const Signals watch(**loop, signals, [&](int signal) {
    if (signal != SIGHUP) (*loop)->stop();
  });
  (*loop)->run();
  receiver.finish();
  return 0;
}

int run_probe(const Configuration& configuration) {
  const auto answer = ask(configuration.health, {.target = configuration.path, .host = "enclave"},
                          static_cast<int>(configuration.timeout_ms));
  if (!answer.ok()) return say(os::format_endpoint(configuration.health) + ": " + text_of(answer.error()));
  std::fwrite(answer->body.data(), 1, answer->body.size(), stdout);
  if (answer->status != 200) return say(configuration.path + ": status " + std::to_string(answer->status));
  return 0;
}

int run_drain(const Configuration& configuration) {
  const auto answer =
      ask(configuration.health, {.method = http::Method::kPost, .target = "/drain", .host = "enclave"},
          static_cast<int>(configuration.timeout_ms));
  if (!answer.ok()) return say(os::format_endpoint(configuration.health) + ": " + text_of(answer.error()));
  if (answer->status != 200 && answer->status != 202)
    return say("/drain: status " + std::to_string(answer->status));
  return 0;
}

}  // namespace nes::vsock_proxy
