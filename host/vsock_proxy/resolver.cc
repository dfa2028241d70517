#include "host/vsock_proxy/resolver.h"

#include <ares.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/limits.h"

namespace nes::vsock_proxy {
namespace {

IpAddress address_of(const sockaddr& address) noexcept {
  IpAddress out;
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address, sizeof ipv6);
    std::memcpy(out.bytes, &ipv6.sin6_addr, sizeof out.bytes);
    return out;
  }
  sockaddr_in ipv4{};
  std::memcpy(&ipv4, &address, sizeof ipv4);
  out.bytes[10] = out.bytes[11] = 0xFF;
  std::memcpy(out.bytes + 12, &ipv4.sin_addr, 4);
  return out;
}

Error error_of(int status) noexcept {
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND: return {ErrorCode::kNotFound, "the name has no address"};
    case ARES_ETIMEOUT: return {ErrorCode::kTimeout, "the name servers do not answer"};
    default: return {ErrorCode::kIo, "the name servers fail", static_cast<std::uint64_t>(status)};
  }
}

class AresResolver final : public Resolver, private os::Deadline {
 public:
  explicit AresResolver(os::EventLoop& loop) noexcept : loop_(loop) {}

  ~AresResolver() override {
    closing_ = true;
    if (channel_ != nullptr) ares_destroy(channel_);  // answers ARES_EDESTRUCTION to whoever still waits
  }

  Result<void> start() {
    ares_options options{};
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<AresResolver*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    options.timeout = kQueryTimeoutMs;
    options.tries = kQueryTries;
    const int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    if (const int status = ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS)
      return Error{ErrorCode::kIo, "c-ares cannot start", static_cast<std::uint64_t>(status)};
    return {};
  }

  void resolve(const std::string& name, Done done) override {
    const auto kept = kept_.find(name);
    if (kept != kept_.end() && kept->second.until_ms > loop_.now_ms()) return done(kept->second.addresses);
    auto& waiting = waiting_[name];
    waiting.push_back(std::move(done));
    if (waiting.size() > 1) return;  // one question for all who ask
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    auto question = std::make_unique<Question>(Question{this, name});
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, answered, question.release());
    if (!waiting_.empty() && !armed()) loop_.arm(*this, limits::kResolveTickMs);
  }

 private:
  static constexpr int kQueryTimeoutMs = 2'000;
  static constexpr int kQueryTries = 2;

  struct Question {
    AresResolver* resolver;
    std::string name;
  };
  struct Kept {
    Addresses addresses;
    std::int64_t until_ms = 0;
  };
  class Socket final : public os::EventHandler {
   public:
    Socket(AresResolver& resolver, int fd) noexcept : resolver_(resolver), fd_(fd) {}
    void on_events(std::uint32_t events) override {
      const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
      ares_process_fd(resolver_.channel_, (events & EPOLLIN) != 0 || failed ? fd_ : ARES_SOCKET_BAD,
                      (events & EPOLLOUT) != 0 ? fd_ : ARES_SOCKET_BAD);
    }

   private:
    AresResolver& resolver_;
    const int fd_;
  };

  // c-ares closes its sockets itself, right after it has said that it wants no more of them.
  void watch(int fd, bool readable, bool writable) {
    const std::uint32_t events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
    const auto known = sockets_.find(fd);
    if (events == 0) {
      if (known == sockets_.end()) return;
      loop_.remove(fd, *known->second);
      retired_.push_back(std::move(known->second));  // it may be the one whose events are being handled
      sockets_.erase(known);
      return;
    }
    if (known != sockets_.end()) return loop_.modify(fd, events, *known->second);
    auto socket = std::make_unique<Socket>(*this, fd);
    if (loop_.add(fd, events, *socket).ok()) sockets_.emplace(fd, std::move(socket));
  }

  void on_deadline() override {
    retired_.clear();
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (!waiting_.empty() || !retired_.empty()) loop_.arm(*this, limits::kResolveTickMs);
  }

  static void answered(void* context, int status, int /*timeouts*/, ares_addrinfo* info) {
    const std::unique_ptr<Question> question(static_cast<Question*>(context));
    const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(info, ares_freeaddrinfo);
    if (!question->resolver->closing_) question->resolver->take(question->name, status, info);
  }

  void take(const std::string& name, int status, const ares_addrinfo* info) {
    Kept found;
    std::int64_t ttl_ms = limits::kResolveMaxTtlMs;
    for (const ares_addrinfo_node* node = info == nullptr ? nullptr : info->nodes;
         node != nullptr && found.addresses.size() < limits::kResolvedAddresses; node = node->ai_next) {
      if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
      found.addresses.push_back(address_of(*node->ai_addr));
      ttl_ms = std::min(ttl_ms, std::int64_t{node->ai_ttl} * 1000);
    }
    const auto waiting = waiting_.extract(name);
    if (waiting.empty()) return;
    if (found.addresses.empty()) {
      const Error error = error_of(status == ARES_SUCCESS ? ARES_ENODATA : status);
      for (const Done& done : waiting.mapped()) done(error);
      return;
    }
    found.until_ms = loop_.now_ms() + std::max(ttl_ms, limits::kResolveMinTtlMs);
    if (kept_.size() >= limits::kResolvedNames) kept_.clear();
    kept_[name] = found;
    for (const Done& done : waiting.mapped()) done(found.addresses);
  }

  os::EventLoop& loop_;
  ares_channel channel_ = nullptr;
  bool closing_ = false;
  std::map<int, std::unique_ptr<Socket>> sockets_;
  std::vector<std::unique_ptr<Socket>> retired_;
  std::map<std::string, std::vector<Done>> waiting_;
  std::map<std::string, Kept> kept_;
};

}  // namespace

Result<std::unique_ptr<Resolver>> Resolver::create(os::EventLoop& loop) {
  if (const int status = ares_library_init(ARES_LIB_INIT_ALL); status != ARES_SUCCESS)
    return Error{ErrorCode::kIo, "c-ares cannot start", static_cast<std::uint64_t>(status)};
  auto resolver = std::make_unique<AresResolver>(loop);
  NES_TRY(resolver->start());
  return std::unique_ptr<Resolver>(std::move(resolver));
}

}  // namespace nes::vsock_proxy
