// The end of the service: a signal begins the drain, and the control thread's loop ends once the last
// connection has gone or has had its time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "enclave/service/state.h"
#include "enclave/service/worker.h"
#include "os/event_loop.h"
#include "os/unique_fd.h"

namespace nes::service {

// Thread rule: of the control thread.
class Ending final : public os::EventHandler, private os::Deadline {
 public:
  // Waits for SIGTERM and SIGINT, which must be blocked in all threads. At the first, calls `start_drain`;
  // what comes after it changes nothing. `control`, `status` and `clock` must outlive the ending. kIo: no
  // descriptor was to be had.
  static Result<std::unique_ptr<Ending>> create(Worker& control, const Status& status, const Clock& clock,
                                                std::function<void()> start_drain);
  ~Ending() override;

  // That were there when the time was over.
  std::uint64_t connections_cut() const noexcept { return connections_cut_; }

 private:
  Ending(Worker& control, const Status& status, const Clock& clock, std::function<void()> start_drain,
         os::UniqueFd signals) noexcept;

  void on_events(std::uint32_t events) override;
  void on_deadline() override;

  Worker& control_;
  const Status& status_;
  const Clock& clock_;
  std::function<void()> start_drain_;
  os::UniqueFd signals_;
  std::int64_t give_up_at_ms_ = 0;  // 0: not begun
  std::uint64_t connections_cut_ = 0;
};

}  // namespace nes::service
