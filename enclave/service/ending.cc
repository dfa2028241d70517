#include "enclave/service/ending.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/limits.h"

namespace nes::service {
namespace {

constexpr std::int64_t kPollMs = 20;

}  // namespace

Result<std::unique_ptr<Ending>> Ending::create(Worker& control, const Status& status, const Clock& clock,
                                               std::function<void()> start_drain) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  os::UniqueFd signals(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals) return Error{ErrorCode::kIo, "signalfd", static_cast<std::uint64_t>(errno)};
  auto ending =
      std::unique_ptr<Ending>(new Ending(control, status, clock, std::move(start_drain), std::move(signals)));
  NES_TRY(control.loop().add(ending->signals_.get(), EPOLLIN, *ending));
  return ending;
}

Ending::Ending(Worker& control, const Status& status, const Clock& clock, std::function<void()> start_drain,
               os::UniqueFd signals) noexcept
    : control_(control),
      status_(status),
      clock_(clock),
      start_drain_(std::move(start_drain)),
      signals_(std::move(signals)) {}

Ending::~Ending() { control_.loop().remove(signals_.get(), *this); }

void Ending::on_events(std::uint32_t /*events*/) {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != sizeof info || give_up_at_ms_ != 0) return;
  give_up_at_ms_ = clock_.monotonic_ms() + limits::kDrainTimeoutMs;
  start_drain_();
  control_.loop().arm(*this, kPollMs);
}

void Ending::on_deadline() {
  connections_cut_ = status_.connections.load();
  // The workers have drained their listeners before their connections can be all gone.
  const bool drained = connections_cut_ == 0 && status_.listeners == 0;
  if (drained || clock_.monotonic_ms() >= give_up_at_ms_)
    control_.request_stop();
  else
    control_.loop().arm(*this, kPollMs);
}

}  // namespace nes::service
