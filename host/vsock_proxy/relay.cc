#include "host/vsock_proxy/relay.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace nes::vsock_proxy {
namespace {

// A read of less has most likely taken all there was: asking again costs a call, and the loop tells anyway.
constexpr ssize_t kShortRead = ssize_t{16} * 1024;

}  // namespace

PipePool::Pipe PipePool::take() {
  if (!idle_.empty()) {
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  Pipe pipe{os::UniqueFd(ends[0]), os::UniqueFd(ends[1])};
  // May be refused beyond /proc/sys/fs/pipe-user-pages-soft; the default of 64 KiB does as well.
  (void)::fcntl(pipe.write.get(), F_SETPIPE_SZ, static_cast<int>(limits::kPipeBytes));
  return pipe;
}

void PipePool::give_back(Pipe pipe) {
  if (idle_.size() < limits::kIdlePipes) idle_.push_back(std::move(pipe));
}

struct Relay::Side final : os::EventHandler {
  Side(Relay& its_relay, os::UniqueFd its_fd) noexcept : relay(its_relay), fd(std::move(its_fd)) {}
  void on_events(std::uint32_t events) override { relay.on_side(*this, events); }

  Relay& relay;
  os::UniqueFd fd;
  std::uint32_t watched = 0;
  bool registered = false;
  bool readable = true;  // as far as is known: true until a read says otherwise
  bool writable = true;
};

// One way of the two. Holds what has been read and not yet written: in the pipe, or in the buffer.
struct Relay::Direction {
  Direction(Side& its_from, Side& its_to, std::uint64_t& its_bytes) noexcept
      : from(its_from), to(its_to), bytes(its_bytes) {}

  Side& from;
  Side& to;
  std::uint64_t& bytes;
  PipePool::Pipe pipe;
  std::unique_ptr<char[]> buffer;  // instead of the pipe, once splice(2) has been refused
  std::size_t begin = 0;           // of what waits in the buffer
  std::size_t waiting = 0;         // bytes, in either
  bool ended = false;              // the sender has ended
  bool done = false;               // and the receiver has been told
};

// Somebody who has heard the end and never ends is not waited for without limit.
class Relay::HalfClosed final : public os::Deadline {
 public:
  explicit HalfClosed(Relay& relay) noexcept : relay_(relay) {}
  void on_deadline() override { relay_.finish(RelayEnd::kStalled); }

 private:
  Relay& relay_;
};

Relay::Relay(os::EventLoop& loop, PipePool& pipes, os::UniqueFd first, os::UniqueFd second, Bytes& bytes,
             Done done)
    : loop_(loop),
      pipes_(pipes),
      bytes_(bytes),
      done_(std::move(done)),
      first_(std::make_unique<Side>(*this, std::move(first))),
      second_(std::make_unique<Side>(*this, std::move(second))),
      forward_(std::make_unique<Direction>(*first_, *second_, bytes_.to_second)),
      backward_(std::make_unique<Direction>(*second_, *first_, bytes_.to_first)),
      half_closed_(std::make_unique<HalfClosed>(*this)) {}

Relay::~Relay() {
  for (Side* side : {first_.get(), second_.get()})
    if (side->registered) loop_.remove(side->fd.get(), *side);
}

Result<void> Relay::start() {
  for (Side* side : {first_.get(), second_.get()}) {
    NES_TRY(loop_.add(side->fd.get(), EPOLLIN, *side));
    side->registered = true;
    side->watched = EPOLLIN;
  }
  return {};
}

void Relay::cut() noexcept {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  for (Side* side : {first_.get(), second_.get()}) {
    if (side->registered) loop_.remove(side->fd.get(), *side);
    side->registered = false;
    ::setsockopt(side->fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);  // other families ignore it
    side->fd.reset();
  }
}

void Relay::finish(RelayEnd end) {
  half_closed_->disarm();
  if (end != RelayEnd::kComplete) cut();
  const Done done = std::exchange(done_, nullptr);
  done(end);
}

void Relay::on_side(Side& side, std::uint32_t events) {
  if ((events & EPOLLERR) != 0) return finish(RelayEnd::kFailed);
  if ((events & (EPOLLIN | EPOLLHUP)) != 0) side.readable = true;
  if ((events & (EPOLLOUT | EPOLLHUP)) != 0) side.writable = true;
  if ((events & EPOLLHUP) != 0) {
    // Both its ways are shut: it is readable to its end and no event of it will tell more.
    loop_.remove(side.fd.get(), side);
    side.registered = false;
  }
  pump();
}

void Relay::pump() {
  if (!move(*forward_) || !move(*backward_)) return finish(RelayEnd::kFailed);
  if (forward_->done && backward_->done) return finish(RelayEnd::kComplete);
  if (forward_->done || backward_->done) loop_.arm(*half_closed_, limits::kHalfClosedTimeoutMs);
  update_events();
}

// Moves what can be moved now, a bounded number of rounds. False if the connection is of no more use.
bool Relay::move(Direction& direction) {
  if (direction.done) return true;
  for (int round = 0; round < limits::kRelayRounds || !direction.from.registered; ++round) {
    if (direction.waiting == 0 && !direction.ended && direction.from.readable && !fill(direction))
      return false;
    if (direction.waiting != 0 && direction.to.writable && !drain(direction)) return false;
    const bool stuck = direction.waiting != 0 ? !direction.to.writable : !direction.from.readable;
    if (stuck || (direction.ended && direction.waiting == 0)) break;
  }
  if (direction.waiting == 0 && direction.pipe) pipes_.give_back(std::exchange(direction.pipe, {}));
  if (direction.waiting == 0 && direction.ended) {
    direction.done = true;
    return ::shutdown(direction.to.fd.get(), SHUT_WR) == 0 || errno == ENOTCONN;
  }
  return true;
}

// Reads once, into the pipe or the buffer, which are empty.
bool Relay::fill(Direction& direction) {
  const int from = direction.from.fd.get();
  ssize_t got = -1;
  if (direction.buffer == nullptr) {
    if (!direction.pipe) direction.pipe = pipes_.take();
    if (direction.pipe) {
      got = ::splice(from, nullptr, direction.pipe.write.get(), nullptr, limits::kPipeBytes,
                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    }
    // No pipe to be had, or a socket that cannot: from now on through a buffer.
    if (!direction.pipe || (got < 0 && errno == EINVAL)) {
      if (direction.pipe) pipes_.give_back(std::exchange(direction.pipe, {}));
      direction.buffer = std::make_unique_for_overwrite<char[]>(limits::kPipeBytes);
    }
  }
  if (direction.buffer != nullptr) {
    got = ::recv(from, direction.buffer.get(), limits::kPipeBytes, 0);
    direction.begin = 0;
  }
  if (got < 0) {
    if (errno == EINTR) return true;
    if (errno != EAGAIN) return false;
    direction.from.readable = false;
    return true;
  }
  direction.ended = got == 0;
  direction.waiting = static_cast<std::size_t>(got);
  if (got < kShortRead && direction.from.registered) direction.from.readable = false;
  return true;
}

// Writes once.
bool Relay::drain(Direction& direction) {
  const int to = direction.to.fd.get();
  ssize_t put = -1;
  if (direction.buffer == nullptr) {
    put = ::splice(direction.pipe.read.get(), nullptr, to, nullptr, direction.waiting,
                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (put < 0 && errno == EINVAL) {
      direction.buffer = std::make_unique_for_overwrite<char[]>(limits::kPipeBytes);
      direction.begin = 0;
      NES_CHECK(direction.waiting <= limits::kPipeBytes);
      const ssize_t got = ::read(direction.pipe.read.get(), direction.buffer.get(), direction.waiting);
      if (got != static_cast<ssize_t>(direction.waiting)) return false;
      pipes_.give_back(std::exchange(direction.pipe, {}));
    }
  }
  if (direction.buffer != nullptr)
    put = ::send(to, direction.buffer.get() + direction.begin, direction.waiting, MSG_NOSIGNAL);
  if (put < 0) {
    if (errno == EINTR) return true;
    if (errno != EAGAIN) return false;
    direction.to.writable = false;
    return true;
  }
  direction.begin += static_cast<std::size_t>(put);
  direction.waiting -= static_cast<std::size_t>(put);
  direction.bytes += static_cast<std::uint64_t>(put);
  return true;
}

void Relay::update_events() {
  for (Side* side : {first_.get(), second_.get()}) {
    Direction& out_of = side == first_.get() ? *forward_ : *backward_;
    Direction& into = side == first_.get() ? *backward_ : *forward_;
    std::uint32_t wanted = 0;
    if (!out_of.ended && out_of.waiting == 0) wanted |= EPOLLIN;
    if (into.waiting != 0) wanted |= EPOLLOUT;
    watch(*side, wanted);
  }
}

void Relay::watch(Side& side, std::uint32_t wanted) {
  if (!side.registered || side.watched == wanted) return;
  loop_.modify(side.fd.get(), wanted, side);
  side.watched = wanted;
}

}  // namespace nes::vsock_proxy
