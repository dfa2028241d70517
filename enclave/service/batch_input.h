// The body of a batch as it arrives, cut into slices at the ends of lines.
//
// What is held is bounded by who appends, but for one line: of a line over its limit nothing is kept but that
// it was there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "enclave/service/batch_slice.h"
#include "secret/secret.h"

namespace nes::service {

class BatchInput {
 public:
  explicit BatchInput(std::uint64_t max_line_bytes) noexcept : max_line_bytes_(max_line_bytes) {}

  void append(std::span<const char> data);
  // The last line is whole although it may lack its LF.
  void end();
  // Keeps nothing of the line that is not whole yet: it is answered with `code`.
  void skip_line(ErrorCode code);

  // Bytes of whole lines, and of all.
  std::size_t whole_bytes() const noexcept { return whole_; }
  std::size_t held() const noexcept { return buffer_.size(); }
  std::size_t begun_line_bytes() const noexcept { return buffer_.size() - whole_; }
  bool has_lines() const noexcept { return whole_ != 0 || (ended_ && !skipped_.empty()); }

  // Moves whole lines into an empty slice, about limits::kBatchSliceBytes of them, and numbers them.
  void cut(BatchSlice& slice);

 private:
  const std::uint64_t max_line_bytes_;
  secret::SecretBytes buffer_;
  std::size_t whole_ = 0;  // bytes of whole lines at its front
  std::vector<SkippedLine> skipped_;
  std::uint64_t next_line_ = 1;
  bool skipping_ = false;  // what comes belongs to a line that is not kept
  bool ended_ = false;
};

}  // namespace nes::service
