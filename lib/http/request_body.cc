#include "http/request_body.h"

#include <algorithm>

namespace nes::http {

Result<BodyReader> BodyReader::begin(const RequestHead& head, std::uint64_t max_bytes) noexcept {
  switch (head.framing) {
    case BodyFraming::kNone: return BodyReader(false, 0, max_bytes);
    case BodyFraming::kChunked: return BodyReader(true, 0, max_bytes);
    case BodyFraming::kContentLength: break;
  }
  if (head.content_length > max_bytes)
    return Error{ErrorCode::kBodyTooLarge, "Content-Length is over the limit", 0};
  return BodyReader(false, head.content_length, max_bytes);
}

Result<BodyReader::Progress> BodyReader::feed(std::span<char> input) noexcept {
  if (chunked_) {
    NES_TRY_ASSIGN(const Progress progress, chunks_.decode(input));
    done_ = progress.done;
    return progress;
  }
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  left_ -= size;
  done_ = left_ == 0;
  return Progress{size, size, done_};
}

}  // namespace nes::http
