#include "os/connector.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/check.h"

namespace nes::os {
namespace {

constexpr std::size_t kOkBytes = 32;  // of the answer of a uds peer
constexpr Error kTimedOut{ErrorCode::kTimeout, "the peer did not answer in time"};
constexpr Error kNoOk{ErrorCode::kMalformed, "no OK after CONNECT"};

Error io_error() noexcept {
  return {ErrorCode::kIo, "a socket call failed", static_cast<std::uint64_t>(errno)};
}

}  // namespace

void Connector::start(const Endpoint& endpoint, std::int64_t timeout_ms, Done done) {
  NES_CHECK(!busy());
  endpoint_ = endpoint;
  answer_.clear();
  done_ = std::move(done);
  failure_ = kTimedOut;
  phase_ = Phase::kFailed;
  auto begun = begin_connect(endpoint);
  if (begun.ok()) {
    fd_ = std::move(begun).value();
    if (const auto added = loop_.add(fd_.get(), EPOLLOUT, *this); added.ok()) {
      phase_ = Phase::kConnecting;
      loop_.arm(*this, timeout_ms);
      return;
    }
    fd_.reset();
    failure_ = {ErrorCode::kIo, "epoll_ctl", 0};
  } else {
    failure_ = begun.error();
  }
  loop_.arm(*this, 0);  // the failure is told from the loop
}

// True once the whole line is there. Byte by byte, so that nothing of the stream behind it is taken.
Result<bool> Connector::read_ok() {
  while (!answer_.ends_with('\n')) {
    char byte = 0;
    const ssize_t got = ::recv(fd_.get(), &byte, 1, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) return io_error();
    if (got == 0 || answer_.size() >= kOkBytes) return kNoOk;
    answer_.push_back(byte);
  }
  if (!answer_.starts_with("OK ")) return kNoOk;
  return true;
}

void Connector::on_events(std::uint32_t /*events*/) {
  if (phase_ == Phase::kConnecting) {
    if (const auto outcome = connect_outcome(fd_.get()); !outcome.ok()) return finish(outcome.error());
    if (endpoint_.transport != Transport::kUds) return finish(std::move(fd_));
    const std::string request = uds_request(endpoint_);
    if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      return finish(io_error());
    phase_ = Phase::kAwaitingOk;
    loop_.modify(fd_.get(), EPOLLIN, *this);
    return;
  }
  const auto complete = read_ok();
  if (!complete.ok()) return finish(complete.error());
  if (*complete) finish(std::move(fd_));
}

void Connector::on_deadline() { finish(failure_); }

void Connector::drop() noexcept {
  if (fd_) loop_.remove(fd_.get(), *this);
  fd_.reset();
  disarm();
}

void Connector::finish(Result<UniqueFd> outcome) {
  if (outcome.ok()) loop_.remove(outcome.value().get(), *this);
  drop();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace nes::os
