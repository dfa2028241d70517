// Two connected sockets joined: what one sends the other receives, in order and unchanged, each direction
// until its end (half-close, RFC 9293 section 3.6). Bytes move through a pipe inside the kernel (splice(2))
// where both sockets can, else through a buffer. A direction whose receiver is slow stops reading: at most
// limits::kPipeBytes wait.
//
// A connection that fails is reset on the other side (TCP) instead of ended, so that a cut stream cannot pass
// for a whole one.
//
// Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "os/event_loop.h"
#include "os/unique_fd.h"

namespace nes::vsock_proxy {

// Pipes for reuse: a connection that carries nothing holds none.
class PipePool {
 public:
  struct Pipe {
    os::UniqueFd read;
    os::UniqueFd write;
    explicit operator bool() const noexcept { return static_cast<bool>(read); }
  };
  // An empty pipe; none if the kernel is out of descriptors.
  Pipe take();
  // `pipe` is empty.
  void give_back(Pipe pipe);

 private:
  std::vector<Pipe> idle_;
};

enum class RelayEnd : std::uint8_t { kComplete, kFailed, kStalled, kCut };

class Relay final {
 public:
  struct Bytes {
    std::uint64_t to_second = 0;
    std::uint64_t to_first = 0;
  };
  // Called once, from the loop. May destroy the relay.
  using Done = std::function<void(RelayEnd)>;

  // The sockets are non-blocking. `bytes` is added to as they move. All references must outlive the relay.
  Relay(os::EventLoop& loop, PipePool& pipes, os::UniqueFd first, os::UniqueFd second, Bytes& bytes,
        Done done);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // kIo if the loop refuses the sockets; the relay is then of no more use.
  Result<void> start();
  // Resets both sides; done is not called.
  void cut() noexcept;

 private:
  struct Side;
  struct Direction;
  class HalfClosed;

  void on_side(Side& side, std::uint32_t events);
  void pump();
  bool move(Direction& direction);
  bool fill(Direction& direction);
  bool drain(Direction& direction);
  void update_events();
  void watch(Side& side, std::uint32_t wanted);
  void finish(RelayEnd end);

  os::EventLoop& loop_;
  PipePool& pipes_;
  Bytes& bytes_;
  Done done_;
  std::unique_ptr<Side> first_;
  std::unique_ptr<Side> second_;
  std::unique_ptr<Direction> forward_;   // first to second
  std::unique_ptr<Direction> backward_;  // second to first
  std::unique_ptr<HalfClosed> half_closed_;
};

}  // namespace nes::vsock_proxy
