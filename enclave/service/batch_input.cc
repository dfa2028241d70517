#include "enclave/service/batch_input.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace nes::service {

void BatchInput::append(std::span<const char> data) {
  std::string_view text(data.data(), data.size());
  if (skipping_) {
    const std::size_t lf = text.find('\n');
    if (lf == std::string_view::npos) return;
    skipping_ = false;
    text.remove_prefix(lf);  // of the line, its LF alone is kept
  }
  const std::size_t lf = text.rfind('\n');
  if (lf != std::string_view::npos) whole_ = buffer_.size() + lf + 1;
  buffer_.append(as_bytes(text));
  if (begun_line_bytes() > max_line_bytes_) skip_line(ErrorCode::kBodyTooLarge);
}

void BatchInput::skip_line(ErrorCode code) {
  buffer_.resize(whole_);
  skipped_.push_back({.at = whole_, .code = code});
  skipping_ = true;
}

void BatchInput::end() {
  whole_ = buffer_.size();
  ended_ = true;
}

void BatchInput::cut(BatchSlice& slice) {
  std::string_view text = as_text(buffer_.reveal()).substr(0, whole_);
  if (text.size() > limits::kBatchSliceBytes) {
    const std::size_t lf = text.find('\n', limits::kBatchSliceBytes - 1);
    if (lf != std::string_view::npos) text = text.substr(0, lf + 1);
  }
  const std::size_t size = text.size();
  slice.first_line = next_line_;
  // By memchr, which is faster than std::count as it is compiled here.
  for (std::size_t lf = 0; (lf = text.find('\n', lf)) != std::string_view::npos; ++lf) ++next_line_;

  // A line that is skipped and has no LF yet stands at the end and stays, unless the batch ends with it.
  const bool all = size == buffer_.size() && ended_;
  const auto stays = std::find_if(skipped_.begin(), skipped_.end(),
                                  [&](const SkippedLine& line) { return !all && line.at >= size; });
  slice.skipped.assign(skipped_.begin(), stays);
  skipped_.erase(skipped_.begin(), stays);
  for (SkippedLine& line : skipped_) line.at -= size;

  std::swap(slice.input, buffer_);
  buffer_.clear();
  buffer_.append(slice.input.reveal().subspan(size));
  slice.input.resize(size);
  whole_ -= size;
}

}  // namespace nes::service
