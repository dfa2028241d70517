#include "host/vsock_proxy/admin.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/limits.h"
#include "http/request_head.h"

namespace nes::vsock_proxy {
namespace {

std::string answer_of(int status, std::string_view type, std::string_view body) {
  const std::string_view phrase = status == 200 ? "OK" : status == 503 ? "Service Unavailable" : "Refused";
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " ";
  answer.append(phrase).append("\r\nContent-Type: ").append(type).append("\r\n");
  if (status == 405) answer += "Allow: GET\r\n";
  answer += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
  return answer.append(body);
}

class Visit final : public Connection, private os::EventHandler, private os::Deadline {
 public:
  Visit(const Admin::Sources& sources, Connections& owner, os::UniqueFd client)
      : Connection(owner, std::move(client)), sources_(sources) {}
  ~Visit() override {
    if (watched_) shared().loop.remove(client().get(), *this);
  }

  Result<void> start() override {
    NES_TRY(shared().loop.add(client().get(), EPOLLIN, *this));
    watched_ = true;
    shared().loop.arm(*this, limits::kConnectHeadTimeoutMs);
    return {};
  }

 private:
  void on_deadline() override { end(); }

  void on_events(std::uint32_t /*events*/) override {
    if (!answer_.empty()) return write();
    char buffer[1024];
    const ssize_t got = ::recv(client().get(), buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0 || head_.size() + static_cast<std::size_t>(got) > limits::kConnectHeadBytes) return end();
    head_.append(buffer, static_cast<std::size_t>(got));
    http::RequestHead head;
    const auto size = http::RequestHead::parse(head_, head);
    if (size.ok() && *size == 0) return;
    answer_ = size.ok() ? route(head) : answer_of(400, "text/plain", "malformed\n");
    write();
  }

  std::string route(const http::RequestHead& head) const {
    if (head.method != http::Method::kGet) return answer_of(405, "text/plain", "only GET is served here\n");
    if (head.path == "/livez") return answer_of(200, "text/plain", "ok\n");
    if (head.path == "/readyz")
      return sources_.ready() ? answer_of(200, "text/plain", "ready\n")
                              : answer_of(503, "text/plain", "unready\n");
    if (head.path == "/metrics") return answer_of(200, "text/plain; version=0.0.4", sources_.metrics());
    return answer_of(404, "text/plain", "not found\n");
  }

  void write() {
    const ssize_t put = ::send(client().get(), answer_.data() + sent_, answer_.size() - sent_, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return end();
    sent_ += static_cast<std::size_t>(std::max<ssize_t>(put, 0));
    if (sent_ < answer_.size()) return shared().loop.modify(client().get(), EPOLLOUT, *this);
    ::shutdown(client().get(), SHUT_WR);
    end();
  }

  const Admin::Sources& sources_;
  std::string head_;
  std::string answer_;
  std::size_t sent_ = 0;
  bool watched_ = false;
};

}  // namespace

Result<std::unique_ptr<Admin>> Admin::start(os::EventLoop& loop, const Report& report,
                                            const os::Endpoint& listen, Sources sources) {
  NES_TRY_ASSIGN(os::UniqueFd listener, os::listen_on(listen, SOMAXCONN));
  auto admin = std::unique_ptr<Admin>(new Admin(loop, report, std::move(listener), std::move(sources)));
  NES_TRY(admin->acceptor_.start());
  return admin;
}

Admin::Admin(os::EventLoop& loop, const Report& report, os::UniqueFd listener, Sources sources)
    : sources_(std::move(sources)),
      shared_{.loop = loop, .metrics = metrics_, .report = report},
      listener_(std::move(listener)),
      connections_(shared_),
      acceptor_(
          loop, listener_.get(),
          [this](os::UniqueFd client) {
            connections_.adopt(std::make_unique<Visit>(sources_, connections_, std::move(client)));
          },
          [](std::uint64_t /*system_error*/) {}) {}

}  // namespace nes::vsock_proxy
