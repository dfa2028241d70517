// The thread that keeps keys, schemas and the certificate fresh. Whatever fails is logged, leaves the last
// good state in place and is tried again, with backoff until it has succeeded once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "telemetry/log.h"

namespace nes::service {

class Refresher {
 public:
  struct Task {
    base::StaticText step;            // as StepFailed names it
    bool at_start = true;             // else for the first time after its interval
    std::int64_t interval_ms;         // after a success
    std::int64_t min_request_gap_ms;  // request() is ignored for so long after a run
    std::function<Result<void>()> run;
  };

  // `clock` and `log` must outlive the refresher.
  Refresher(std::vector<Task> tasks, const Clock& clock, telemetry::Log& log);
  ~Refresher();  // waits for the task in progress

  // Runs the tasks, in order, then each on its own schedule. Call once.
  void start();

  // Runs a task soon; many requests while one is pending are one. Any thread, before start() too.
  void request(std::size_t task);

 private:
  struct Scheduled {
    Task task;
    std::int64_t due_ms = 0;
    std::int64_t last_run_ms = -1;
    std::int64_t backoff_ms = 0;  // of the next failure; 0 after a success
    bool requested = false;
  };

  void run();
  void run_task(Scheduled& scheduled, std::unique_lock<std::mutex>& lock);

  const Clock& clock_;
  telemetry::Log& log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Scheduled> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nes::service
