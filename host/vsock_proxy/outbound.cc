#include "host/vsock_proxy/outbound.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/limits.h"
#include "host/vsock_proxy/connect_request.h"
#include "http/request_head.h"
#include "os/connector.h"

namespace nes::vsock_proxy {
namespace {

constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (out.ends_with('.')) out.pop_back();
  return out;
}

// Leads a client to a place: resolves, tries one address after the other, carries. Answers of other threads
// and of the resolver find out by `alive_` whether it is still there.
class Outbound : public Connection, private os::Deadline {
 public:
  Outbound(Egress& egress, Connections& owner, os::UniqueFd client)
      : Connection(owner, std::move(client)), egress_(egress), connector_(shared().loop) {}

 protected:
  // How a client learns what became of its wish; may end this connection.
  virtual void established(os::UniqueFd target) = 0;
  virtual void refused(Cause cause, int status, std::string_view error) = 0;

  void lead_to(const os::Endpoint& endpoint) {
    begun_ms_ = shared().loop.now_ms();
    where_ = os::format_endpoint(endpoint);
    endpoints_ = {endpoint};
    try_next();
  }

  void lead_to(const Place& place) {
    begun_ms_ = shared().loop.now_ms();
    where_ = place.host + ":" + std::to_string(place.port);
    if (IpAddress address; parse_ip(place.host, address)) {
      endpoints_ = {endpoint_of(address, place.port)};
      return try_next();
    }
    egress_.resolver().resolve(
        lower(place.host), [this, port = place.port,
                            alive = std::weak_ptr<int>(alive_)](const Result<Resolver::Addresses>& found) {
          if (alive.expired()) return;
          if (!found.ok()) return refused(Cause::kResolve, 502, "dns_error");
          for (const IpAddress& address : *found)
            if (egress_.list().may_reach(address, port)) endpoints_.push_back(endpoint_of(address, port));
          if (endpoints_.empty()) return refused(Cause::kRefused, 403, "destination_ip_prohibited");
          try_next();
        });
  }

  Egress& egress() noexcept { return egress_; }
  std::weak_ptr<int> alive() const noexcept { return alive_; }
  const std::string& where() const noexcept { return where_; }
  void set_where(std::string where) { where_ = std::move(where); }
  void arm_timeout(std::int64_t after_ms) { shared().loop.arm(*this, after_ms); }
  void disarm_timeout() noexcept { disarm(); }
  virtual void timed_out() = 0;

 private:
  static os::Endpoint endpoint_of(const IpAddress& address, std::uint16_t port) {
    return {.transport = os::Transport::kTcp, .host = address.text(), .cid = 0, .port = port};
  }

  void try_next() {
    const os::Endpoint endpoint = endpoints_[next_++];
    connector_.start(endpoint, limits::kProxyConnectTimeoutMs, [this](Result<os::UniqueFd> outcome) {
      if (outcome.ok()) {
        shared().metrics.connected_after(shared().loop.now_ms() - begun_ms_);
        return established(std::move(outcome).value());
      }
      if (next_ < endpoints_.size()) return try_next();
      const bool timed_out = outcome.error().code == ErrorCode::kTimeout;
      refused(Cause::kConnect, timed_out ? 504 : 502,
              timed_out ? "connection_timeout" : "connection_refused");
    });
  }

  void on_deadline() override { timed_out(); }

  Egress& egress_;
  os::Connector connector_;
  std::vector<os::Endpoint> endpoints_;
  std::size_t next_ = 0;
  std::int64_t begun_ms_ = 0;
  std::string where_;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

class Forwarded final : public Outbound {
 public:
  Forwarded(Egress& egress, Connections& owner, os::UniqueFd client, const Egress::Forward& forward)
      : Outbound(egress, owner, std::move(client)), forward_(forward) {}

  Result<void> start() override {
    if (forward_.endpoint)
      lead_to(*forward_.endpoint);
    else
      lead_to(forward_.place);
    return {};
  }

 private:
  void established(os::UniqueFd target) override { carry(std::move(target)); }
  void refused(Cause cause, int /*status*/, std::string_view /*error*/) override { fail(cause, where()); }
  void timed_out() override {}

  const Egress::Forward& forward_;
};

// Reads one head, and what it leads to; then perhaps another one, to `credentials`.
class Asking final : public Outbound, private os::EventHandler {
 public:
  using Outbound::Outbound;
  ~Asking() override { unwatch(); }

  Result<void> start() override {
    arm_timeout(limits::kConnectHeadTimeoutMs);
    NES_TRY(shared().loop.add(client().get(), EPOLLIN, *this));
    watched_ = true;
    return {};
  }

 private:
  enum class Phase : std::uint8_t { kConnect, kCredentials, kDeciding };

  void on_events(std::uint32_t /*events*/) override {
    if (phase_ == Phase::kDeciding) return end();  // only a failure is looked out for: the client has gone
    if (!read_head()) return;
    disarm_timeout();
    if (phase_ == Phase::kConnect) return decide();
    answer_credentials();
  }

  // Takes a head and nothing behind it: what follows belongs to the destination. False while it is
  // incomplete, and when this connection has ended.
  bool read_head() {
    char peeked[limits::kConnectHeadBytes];
    for (;;) {
      const std::size_t room = limits::kConnectHeadBytes - head_.size();
      const ssize_t got = ::recv(client().get(), peeked, room, MSG_PEEK);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return false;
      if (got <= 0) {
        if (head_.empty() && got == 0)
          end();  // somebody who only knocked
        else
          fail(Cause::kReset, "head");
        return false;
      }
      const std::size_t before = head_.size();
      head_.append(peeked, static_cast<std::size_t>(got));
      const std::size_t size = head_size(head_);
      const std::size_t taken = size == 0 ? static_cast<std::size_t>(got) : size - before;
      head_.resize(before + taken);
      (void)!::recv(client().get(), peeked, taken, 0);  // was there a moment ago
      if (size != 0) return true;
      if (head_.size() == limits::kConnectHeadBytes) {
        refused(Cause::kMalformed, 431, "http_request_error");
        return false;
      }
    }
  }

  void decide() {
    auto request = parse_connect(head_);
    if (!request.ok()) {
      const bool method = request.error().code == ErrorCode::kMethodNotAllowed;
      return refused(Cause::kMalformed, method ? 405 : 400, "http_request_error");
    }
    set_where(request->host + ":" + std::to_string(request->port));
    const std::string name = lower(request->host);
    if (name == "credentials" && request->port == 80) {
      if (!send(kEstablished)) return fail(Cause::kReset, "credentials");
      phase_ = Phase::kCredentials;
      head_.clear();
      return arm_timeout(limits::kConnectHeadTimeoutMs);
    }
    if (!egress().list().may_ask(request->host, request->port))
      return refused(Cause::kRefused, 403, "http_request_denied");
    phase_ = Phase::kDeciding;
    shared().loop.modify(client().get(), 0, *this);
    if (const auto mapped = egress().options().maps.find(name); mapped != egress().options().maps.end())
      return lead_to(mapped->second);
    lead_to(Place{request->host, request->port});
  }

  void answer_credentials() {
    http::RequestHead head;
    const auto parsed = http::RequestHead::parse(head_, head);
    if (!parsed.ok() || *parsed != head_.size()) return refused(Cause::kMalformed, 400, "http_request_error");
    if (head.path != "/v1/credentials") return refused(Cause::kMalformed, 404, "http_request_error");
    if (head.method != http::Method::kGet || head.framing != http::BodyFraming::kNone)
      return refused(Cause::kMalformed, 405, "http_request_error");
    phase_ = Phase::kDeciding;
    shared().loop.modify(client().get(), 0, *this);
    egress().credentials().fetch([this, alive = alive()](const Result<std::string>& found) {
      if (alive.expired()) return;
      if (!found.ok()) {
        shared().report.write(Level::kWarn, "credentials_failed", {{"reason", found.error().reason.view()}});
        return refused(Cause::kCredentials, 502, "http_response_incomplete");
      }
      const bool sent = send(
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
          "Content-Length: " +
          std::to_string(found->size()) + "\r\nConnection: close\r\n\r\n" + *found);
      if (!sent) return fail(Cause::kReset, "credentials");
      end_politely();
    });
  }

  void established(os::UniqueFd target) override {
    if (!send(kEstablished)) return fail(Cause::kReset, where());
    unwatch();
    carry(std::move(target));
  }

  // RFC 9209 names what went wrong; the client learns nothing else of the network behind.
  void refused(Cause cause, int status, std::string_view error) override {
    std::string answer =
        "HTTP/1.1 " + std::to_string(status) + " Refused\r\nProxy-Status: vsock-proxy; error=";
    answer.append(error).append("\r\n");
    if (status == 405) answer += "Allow: CONNECT\r\n";
    send(answer + "Content-Length: 0\r\nConnection: close\r\n\r\n");
    ::shutdown(client().get(), SHUT_WR);
    fail(cause, where().empty() ? "head" : where());
  }

  void timed_out() override { refused(Cause::kTimeout, 408, "http_request_error"); }

  void end_politely() {
    ::shutdown(client().get(), SHUT_WR);
    end();
  }

  // A short answer on a connection that has sent nothing yet: the kernel takes it whole, or the client is not
  // worth it.
  bool send(std::string_view text) {
    return ::send(client().get(), text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }

  void unwatch() noexcept {
    if (watched_) shared().loop.remove(client().get(), *this);
    watched_ = false;
  }

  Phase phase_ = Phase::kConnect;
  std::string head_;
  bool watched_ = false;
};

}  // namespace

std::unique_ptr<Connection> make_asking(Egress& egress, Connections& owner, os::UniqueFd client) {
  return std::make_unique<Asking>(egress, owner, std::move(client));
}

std::unique_ptr<Connection> make_forwarded(Egress& egress, Connections& owner, os::UniqueFd client,
                                           const Egress::Forward& forward) {
  return std::make_unique<Forwarded>(egress, owner, std::move(client), forward);
}

}  // namespace nes::vsock_proxy
