#include "http/response_body.h"

#include <algorithm>

namespace nes::http {

Result<AnswerBody> AnswerBody::begin(const AnswerHead& head, std::uint64_t max_bytes) noexcept {
  switch (head.framing) {
    case AnswerFraming::kNone: return AnswerBody(head.framing, 0, max_bytes);
    case AnswerFraming::kContentLength:
      if (head.content_length > max_bytes)
        return Error{ErrorCode::kLimit, "the answer announces a body over its limit"};
      return AnswerBody(head.framing, head.content_length, max_bytes);
    case AnswerFraming::kChunked:
    case AnswerFraming::kUntilClose: break;
  }
  return AnswerBody(head.framing, max_bytes, max_bytes);
}

Result<AnswerBody::Progress> AnswerBody::feed(std::span<char> input) noexcept {
  if (framing_ == AnswerFraming::kChunked) {
    const Result<Progress> progress = chunks_.decode(input);
    if (!progress.ok() && progress.error().code == ErrorCode::kMalformedRequest)
      return Error{ErrorCode::kMalformed, "the answer's chunked coding is broken", progress.error().position};
    if (!progress.ok())
      return Error{ErrorCode::kLimit, "a chunked answer is over its limits", progress.error().position};
    done_ = progress->done;
    return progress;
  }
  if (framing_ == AnswerFraming::kUntilClose && input.size() > left_)
    return Error{ErrorCode::kLimit, "the answer is over its limit", left_};
  const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  left_ -= taken;
  if (framing_ != AnswerFraming::kUntilClose) done_ = left_ == 0;
  return Progress{taken, taken, done_};
}

Result<void> AnswerBody::end() noexcept {
  if (framing_ == AnswerFraming::kUntilClose) done_ = true;
  if (!done_) return Error{ErrorCode::kTruncated, "the answer's body ends early"};
  return {};
}

}  // namespace nes::http
