// What a connection is to send and its peer has not taken yet.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "os/stream.h"
#include "secret/secret.h"

namespace nes::service {

class PendingOutput {
 public:
  bool empty() const noexcept { return bytes_.empty(); }
  std::size_t size() const noexcept { return bytes_.size(); }

  // Sends `data` as far as the peer takes it now, behind nothing that is pending, and keeps the rest. Whether
  // to wait or to give up, flush() finds out.
  void send(os::Stream& stream, std::span<const char> data);
  // The same with `bytes` from `begin` on. A large rest is not copied: `bytes` is then another buffer.
  void send(os::Stream& stream, secret::SecretBytes& bytes, std::size_t begin);
  void append(std::span<const char> data);

  // Sends what is kept: kOk when nothing is left. `sent` grows by what was sent.
  os::StreamStatus flush(os::Stream& stream, std::size_t& sent);
  void clear() noexcept;

 private:
  secret::SecretBytes bytes_;
  std::size_t sent_ = 0;
};

}  // namespace nes::service
