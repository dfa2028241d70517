#include "os/acceptor.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/limits.h"

namespace nes::os {

Result<void> Acceptor::start() {
  NES_TRY(loop_.add(fd_, EPOLLIN | EPOLLEXCLUSIVE, *this));
  active_ = true;
  return {};
}

void Acceptor::accept_rest() {
  while (accept_one()) {
  }
}

void Acceptor::on_events(std::uint32_t /*events*/) {
  for (int i = 0; i < limits::kAcceptsPerRound && accept_one(); ++i) {
  }
}

bool Acceptor::accept_one() {
  UniqueFd socket(::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) {
    on_accept_(std::move(socket));
    return true;
  }
  switch (errno) {
    case EAGAIN: return false;
    case EINTR:
    case ECONNABORTED:
    case EPROTO: return true;
    default: pause(static_cast<std::uint64_t>(errno)); return false;
  }
}

void Acceptor::pause(std::uint64_t system_error) {
  on_pause_(system_error);
  if (active_) loop_.remove(fd_, *this);
  active_ = false;
  loop_.arm(*this, limits::kAcceptPauseMs);
}

void Acceptor::on_deadline() {
  if (!start().ok()) loop_.arm(*this, limits::kAcceptPauseMs);
}

}  // namespace nes::os
