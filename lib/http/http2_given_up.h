// The last streams of a connection that this side has given up: what their clients had sent by then is not
// their fault.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/limits.h"
#include "http/http2_session.h"

namespace nes::http {

class Http2GivenUp {
 public:
  void add(StreamId stream) noexcept { streams_[next_++ % streams_.size()] = stream; }
  bool has(StreamId stream) const noexcept {
    return std::find(streams_.begin(), streams_.end(), stream) != streams_.end();
  }

 private:
  std::array<StreamId, limits::kHttp2GivenUpStreams> streams_{};
  std::size_t next_ = 0;
};

}  // namespace nes::http
