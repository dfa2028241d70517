#include "tools/nitro_enc/system_resolver.h"

#include <ares.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/limits.h"

namespace nes::nitro_enc {
namespace {

constexpr int kQueryTimeoutMs = 2'000;
constexpr int kQueryTries = 2;

Error cannot_start(int status) noexcept {
  return {ErrorCode::kIo, "c-ares cannot start", static_cast<std::uint64_t>(status)};
}

// c-ares asks a name server for anything; what no host is called stays here.
bool may_be_host(const std::string& host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
}

// One question, and the answer to it.
class Question {
 public:
  Question() = default;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() {
    if (channel_ != nullptr) ares_destroy(channel_);  // answers what is open
    if (is_library_up_) ares_library_cleanup();
  }

  Result<std::vector<SocketAddress>> ask(const std::string& host, std::uint16_t port,
                                         const aws::Until& until) {
    NES_TRY(start());
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NUMERICSERV;
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, host.c_str(), std::to_string(port).c_str(), &hints, answered, this);
    while (!is_answered_) {
      const int left_ms = until.left_ms();
      if (left_ms == 0) return Error{ErrorCode::kTimeout, "the name servers do not answer"};
      wait(std::min(left_ms, static_cast<int>(limits::kResolveTickMs)));
    }
    return addresses();
  }

 private:
  Result<void> start() {
    if (const int status = ares_library_init(ARES_LIB_INIT_ALL); status != ARES_SUCCESS)
      return cannot_start(status);
    is_library_up_ = true;
    ares_options options{};
    options.timeout = kQueryTimeoutMs;
    options.tries = kQueryTries;
    const int status = ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status != ARES_SUCCESS) return cannot_start(status);
    return {};
  }

  void wait(int at_most_ms) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted = static_cast<unsigned>(ares_getsock(channel_, sockets.data(), ARES_GETSOCK_MAXNUM));
    std::vector<pollfd> entries;
    for (unsigned i = 0; i < sockets.size(); ++i) {
      const bool reads = (wanted >> i & 1U) != 0;
      const bool writes = (wanted >> (i + ARES_GETSOCK_MAXNUM) & 1U) != 0;
      if (reads || writes)
        entries.push_back({sockets[i], static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0});
    }
    (void)::poll(entries.data(), entries.size(), at_most_ms);  // interrupted: asked again
    for (const pollfd& entry : entries)
      ares_process_fd(channel_, (entry.revents & ~POLLOUT) != 0 ? entry.fd : ARES_SOCKET_BAD,
                      (entry.revents & POLLOUT) != 0 ? entry.fd : ARES_SOCKET_BAD);
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // time-outs of queries
  }

  static void answered(void* context, int status, int /*timeouts*/, ares_addrinfo* info) {
    auto& question = *static_cast<Question*>(context);
    question.info_.reset(info);
    question.status_ = status;
    question.is_answered_ = true;
  }

  Result<std::vector<SocketAddress>> addresses() const {
    std::vector<SocketAddress> out;
    for (const ares_addrinfo_node* node = info_ ? info_->nodes : nullptr;
         node != nullptr && out.size() < limits::kResolvedAddresses; node = node->ai_next) {
      if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
      SocketAddress& address = out.emplace_back();
      address.size = static_cast<socklen_t>(std::min(std::size_t{node->ai_addrlen}, sizeof address.storage));
      std::memcpy(&address.storage, node->ai_addr, address.size);
    }
    if (!out.empty()) return out;
    switch (status_) {
      case ARES_SUCCESS:
      case ARES_ENODATA:
      case ARES_ENOTFOUND: return Error{ErrorCode::kNotFound, "the host has no address"};
      case ARES_ETIMEOUT: return Error{ErrorCode::kTimeout, "the name servers do not answer"};
      default: return Error{ErrorCode::kIo, "the name servers fail", static_cast<std::uint64_t>(status_)};
    }
  }

  struct Free {
    void operator()(ares_addrinfo* info) const noexcept { ares_freeaddrinfo(info); }
  };
  std::unique_ptr<ares_addrinfo, Free> info_;
  int status_ = ARES_SUCCESS;
  bool is_answered_ = false;
  bool is_library_up_ = false;
  ares_channel channel_ = nullptr;
};

}  // namespace

Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port,
                                           const aws::Until& until) {
  if (!may_be_host(host)) return Error{ErrorCode::kNotFound, "the host has no address"};
  return Question().ask(host, port, until);
}

}  // namespace nes::nitro_enc
