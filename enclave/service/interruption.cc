#include "enclave/service/interruption.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <chrono>

namespace nes::service {

void Interruption::interrupt() {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    if (watched_) ::shutdown(watched_.get(), SHUT_RDWR);
  }
  wake_.notify_all();
}

void Interruption::sleep_ms(std::int64_t ms) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return interrupted_; });
}

bool Interruption::interrupted() const {
  const std::lock_guard lock(mutex_);
  return interrupted_;
}

void Interruption::watch(const os::UniqueFd& connection) {
  const std::lock_guard lock(mutex_);
  watched_ = os::UniqueFd(::fcntl(connection.get(), F_DUPFD_CLOEXEC, 0));
  if (interrupted_) ::shutdown(connection.get(), SHUT_RDWR);
}

Result<os::UniqueFd> InterruptibleDialer::dial(std::string_view host, std::uint16_t port,
                                               std::int64_t timeout_ms) {
  if (interruption_.interrupted()) return Error{ErrorCode::kIo, "the service is stopping"};
  NES_TRY_ASSIGN(os::UniqueFd connection, dialer_.dial(host, port, timeout_ms));
  interruption_.watch(connection);
  return connection;
}

}  // namespace nes::service
