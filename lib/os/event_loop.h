// One thread's event loop: epoll, deadlines, and work posted from other threads.
//
// Deadlines are kept in one list a duration. Within a list they expire in the order in which they were armed,
// so that arming, cancelling and finding the next are O(1) in the number of connections; a program has few
// durations.
//
// Thread rule: everything but post() and stop() belongs to the thread that calls run().
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "os/unique_fd.h"

namespace nes::os {

class EventHandler {
 public:
  virtual ~EventHandler() = default;
  // `events` as epoll_wait(2) reports them. May remove and destroy this handler or any other.
  virtual void on_events(std::uint32_t events) = 0;
};

class EventLoop;

// Something to do if nothing disarms it in time. Disarms itself when destroyed.
class Deadline {
 public:
  Deadline() noexcept = default;
  virtual ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // Called by the loop, disarmed. May destroy this.
  virtual void on_deadline() = 0;
  bool armed() const noexcept { return next_ != nullptr; }
  void disarm() noexcept;

 private:
  friend class EventLoop;
  friend struct DeadlineList;
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  std::int64_t at_ms_ = 0;
};

class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> create(const Clock& clock);
  ~EventLoop();

  // `handler` must stay until remove(). kIo with errno as position.
  Result<void> add(int fd, std::uint32_t events, EventHandler& handler);
  void modify(int fd, std::uint32_t events, EventHandler& handler);
  // After this, on_events() is not called any more, not even for events that were already reported.
  void remove(int fd, const EventHandler& handler);

  // (Re)arms `deadline` to expire `after_ms` from now.
  void arm(Deadline& deadline, std::int64_t after_ms);

  // Time at the start of this round.
  std::int64_t now_ms() const noexcept { return now_ms_; }

  // Runs until stop().
  void run();
  // One round: waits at most `timeout_ms` (-1: until something happens).
  void run_once(int timeout_ms);

  // From any thread: `work` runs on the loop's thread, in order, after the round in progress.
  void post(std::function<void()> work);
  // From any thread: run() returns after the round in progress.
  void stop();

 private:
  struct DurationList;
  static constexpr int kEventsPerRound = 256;

  EventLoop(const Clock& clock, UniqueFd epoll, UniqueFd wake);
  void expire();
  void run_posted();
  int wait_ms(int timeout_ms) const noexcept;

  const Clock& clock_;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::int64_t now_ms_;
  std::deque<DurationList> lists_;
  std::array<epoll_event, kEventsPerRound> round_{};
  int round_size_ = 0;
  int round_next_ = 0;
  std::atomic<bool> stopped_{false};
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace nes::os
