#include "os/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace nes::os {

// The head of a ring of deadlines that all have one duration; never expires itself.
struct DeadlineList final : Deadline {
  DeadlineList() noexcept { previous_ = next_ = this; }
  ~DeadlineList() override {
    while (next_ != this) next_->disarm();
    previous_ = next_ = nullptr;
  }
  void on_deadline() override {}
  bool empty() const noexcept { return next_ == this; }
  Deadline& front() noexcept { return *next_; }
  std::int64_t front_at_ms() const noexcept { return next_->at_ms_; }
  void push_back(Deadline& deadline) noexcept {
    deadline.previous_ = previous_;
    deadline.next_ = this;
    previous_->next_ = &deadline;
    previous_ = &deadline;
  }
};

struct EventLoop::DurationList {
  explicit DurationList(std::int64_t duration) noexcept : duration_ms(duration) {}
  std::int64_t duration_ms;
  DeadlineList deadlines;
};

Deadline::~Deadline() { disarm(); }

void Deadline::disarm() noexcept {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

Result<std::unique_ptr<EventLoop>> EventLoop::create(const Clock& clock) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!epoll || !wake) return Error{ErrorCode::kIo, "epoll or eventfd", static_cast<std::uint64_t>(errno)};
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the wake descriptor
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0)
    return Error{ErrorCode::kIo, "epoll_ctl", static_cast<std::uint64_t>(errno)};
  return std::unique_ptr<EventLoop>(new EventLoop(clock, std::move(epoll), std::move(wake)));
}

EventLoop::EventLoop(const Clock& clock, UniqueFd epoll, UniqueFd wake)
    : clock_(clock), epoll_(std::move(epoll)), wake_(std::move(wake)), now_ms_(clock.monotonic_ms()) {}

EventLoop::~EventLoop() = default;

Result<void> EventLoop::add(int fd, std::uint32_t events, EventHandler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return Error{ErrorCode::kIo, "epoll_ctl", static_cast<std::uint64_t>(errno)};
  return {};
}

void EventLoop::modify(int fd, std::uint32_t events, EventHandler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  NES_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventLoop::remove(int fd, const EventHandler& handler) {
  NES_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0);
  for (int i = round_next_; i < round_size_; ++i) {
    auto& event = round_[static_cast<std::size_t>(i)];
    if (event.data.ptr == &handler) event.events = 0;  // no event: skipped
  }
}

void EventLoop::arm(Deadline& deadline, std::int64_t after_ms) {
  deadline.disarm();
  deadline.at_ms_ = clock_.monotonic_ms() + after_ms;  // the round may have begun long ago
  for (DurationList& list : lists_) {
    if (list.duration_ms == after_ms) {
      list.deadlines.push_back(deadline);
      return;
    }
  }
  lists_.emplace_back(after_ms).deadlines.push_back(deadline);
}

int EventLoop::wait_ms(int timeout_ms) const noexcept {
  std::int64_t wait = timeout_ms < 0 ? INT32_MAX : timeout_ms;
  for (const DurationList& list : lists_)
    if (!list.deadlines.empty())
      wait = std::min(wait, std::max<std::int64_t>(0, list.deadlines.front_at_ms() - now_ms_));
  return wait == INT32_MAX ? -1 : static_cast<int>(wait);
}

void EventLoop::run_once(int timeout_ms) {
  now_ms_ = clock_.monotonic_ms();
  const int ready = ::epoll_wait(epoll_.get(), round_.data(), kEventsPerRound, wait_ms(timeout_ms));
  NES_CHECK(ready >= 0 || errno == EINTR);
  now_ms_ = clock_.monotonic_ms();
  round_size_ = std::max(ready, 0);
  for (round_next_ = 0; round_next_ < round_size_;) {
    const epoll_event event = round_[static_cast<std::size_t>(round_next_++)];
    if (event.events == 0) continue;  // removed by an earlier handler of this round
    if (event.data.ptr == nullptr) {
      std::uint64_t count = 0;
      (void)!::read(wake_.get(), &count, sizeof count);  // only resets the counter; EAGAIN is as good
      continue;
    }
    static_cast<EventHandler*>(event.data.ptr)->on_events(event.events);
  }
  round_size_ = 0;
  expire();
  run_posted();
}

void EventLoop::expire() {
  for (std::size_t i = 0; i < lists_.size(); ++i) {  // by index: on_deadline() may add a list
    DurationList& list = lists_[i];
    while (!list.deadlines.empty() && list.deadlines.front_at_ms() <= now_ms_) {
      Deadline& deadline = list.deadlines.front();
      deadline.disarm();
      deadline.on_deadline();
    }
  }
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (const auto& item : work) item();
}

void EventLoop::run() {
  while (!stopped_.load(std::memory_order_acquire)) run_once(-1);
}

void EventLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  NES_CHECK(::write(wake_.get(), &one, sizeof one) == sizeof one);
}

void EventLoop::stop() {
  post([this] { stopped_.store(true, std::memory_order_release); });
}

}  // namespace nes::os
