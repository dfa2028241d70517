// Where the workers share the slices of batches: who has more of them than it can do leaves them here,
// another worker takes one, works on it and gives it back to its owner.
//
// A slice has one owner at a time, by std::unique_ptr, and changes hands only under the lock here or that of
// an event loop's posted work. Nobody waits for anybody: the owner takes back what no other worker has taken,
// so a batch gets on whether or not it is helped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "enclave/service/batch_slice.h"

namespace nes::service {

// Thread rule: any thread, but for add_helper().
class BatchExchange {
 public:
  // Before any thread uses the exchange. `wake` lets the helper call take() soon, from its own thread.
  void add_helper(const Worker& helper, std::function<void()> wake);
  // How many workers can work on one batch.
  std::size_t helpers() const noexcept { return helpers_.size(); }

  std::size_t waiting() const;

  // False, and `slice` is as before, if there is no other worker or too much waits already.
  bool offer(std::unique_ptr<BatchSlice>& slice);
  // The slice that has waited longest; null if there is none: `helper` is then woken again when there is.
  std::unique_ptr<BatchSlice> take(const Worker& helper);
  // The slice, if nobody has taken it.
  std::unique_ptr<BatchSlice> take_back(const Worker& owner, std::uint64_t batch, std::uint64_t number);

 private:
  struct Helper {
    const Worker* worker;
    std::function<void()> wake;
    bool awake = false;  // will call take() before it rests
  };

  std::vector<Helper> helpers_;
  mutable std::mutex mutex_;
  std::deque<std::unique_ptr<BatchSlice>> waiting_;
};

}  // namespace nes::service
