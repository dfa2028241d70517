// A connected peer as a non-blocking stream of bytes: plain here, encrypted in tls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "os/unique_fd.h"

namespace nes::os {

enum class StreamStatus : std::uint8_t {
  kOk,         // progress was made
  kWantRead,   // call again when the descriptor is readable
  kWantWrite,  // call again when it is writable
  kClosed,     // the peer has ended its side
  kFailed,     // the connection is of no more use
};

struct StreamResult {
  StreamStatus status;
  std::size_t bytes = 0;  // read or written; more than 0 exactly when kOk
};

// Not thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual int fd() const noexcept = 0;
  // Whatever must happen before data: kOk when done.
  virtual StreamStatus handshake() = 0;
  // `out` is not empty.
  virtual StreamResult read(std::span<char> out) = 0;
  // Whether read() has data without a new readiness event.
  virtual bool has_buffered() const = 0;
  // `data` is not empty. May write a part.
  virtual StreamResult write(std::span<const char> data) = 0;
  // Tells the peer that nothing more comes; does not wait.
  virtual void end() = 0;
};

// Ends the sending side of a socket, below any encryption.
void shutdown_write(int fd) noexcept;
// Reads and forgets what a socket has received: kWantRead while its peer may send more, else kClosed or
// kFailed. Reads at most a bounded amount a call; kOk says that there may be more.
StreamStatus discard_input(int fd) noexcept;

// A socket as it is.
class PlainStream final : public Stream {
 public:
  explicit PlainStream(UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  int fd() const noexcept override { return fd_.get(); }
  StreamStatus handshake() override { return StreamStatus::kOk; }
  StreamResult read(std::span<char> out) override;
  bool has_buffered() const override { return false; }
  StreamResult write(std::span<const char> data) override;
  void end() override;

 private:
  UniqueFd fd_;
};

}  // namespace nes::os
