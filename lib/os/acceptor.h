// Takes connections from one listening socket, a bounded number a round of the loop. When the kernel is out
// of descriptors or memory it rests a little: the process goes on with the connections that it has.
//
// Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <functional>

#include "os/event_loop.h"

namespace nes::os {

class Acceptor final : private EventHandler, private Deadline {
 public:
  using OnAccept = std::function<void(UniqueFd)>;      // non-blocking, close-on-exec
  using OnPause = std::function<void(std::uint64_t)>;  // errno

  // `fd` is a listening socket; fd and loop must outlive this.
  Acceptor(EventLoop& loop, int fd, OnAccept on_accept, OnPause on_pause)
      : loop_(loop), fd_(fd), on_accept_(std::move(on_accept)), on_pause_(std::move(on_pause)) {}
  ~Acceptor() override {
    if (active_) loop_.remove(fd_, *this);
  }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // kIo with errno as position. Of several loops that wait for one socket, the kernel wakes one.
  Result<void> start();

  // Takes what the kernel has queued already: those clients have been told that they are connected.
  void accept_rest();

 private:
  void on_events(std::uint32_t events) override;
  void on_deadline() override;
  bool accept_one();
  void pause(std::uint64_t system_error);

  EventLoop& loop_;
  const int fd_;
  const OnAccept on_accept_;
  const OnPause on_pause_;
  bool active_ = false;
};

}  // namespace nes::os
