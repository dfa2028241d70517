// Where the log's lines go: a descriptor, or a receiver that is connected to and may come and go.
//
// Thread rule: an instance belongs to the log's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "os/endpoint.h"
#include "os/unique_fd.h"

namespace nes::telemetry {

class LogSink {
 public:
  struct Taken {
    enum class State : unsigned char {
      kGoesOn,    // `bytes` were taken, perhaps none yet
      kRestarts,  // the line that was begun is lost with its connection: it is to be written again from its
                  // start
      kEnded,     // nobody will ever read it
    };
    State state = State::kGoesOn;
    std::size_t bytes = 0;
  };

  virtual ~LogSink() = default;
  // Takes the start of `text`, which is not empty. Returns within about limits::kLogSinkWaitMs.
  virtual Taken take(std::string_view text) = 0;
};

// Lines go to `fd`, which is borrowed and may block.
std::unique_ptr<LogSink> sink_into(int fd);

// Lines go to whoever listens at `receiver`: it is connected to as soon as there is a line, and again, with
// growing pauses, whenever the connection is lost. What was sent and not read before that is lost: the gap in
// `seq` shows it. `clock` must outlive the sink.
std::unique_ptr<LogSink> sink_to(const os::Endpoint& receiver, const Clock& clock);

}  // namespace nes::telemetry
