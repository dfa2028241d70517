// The body of an answer that this program receives as a client, whatever its framing (RFC 9112 section 6.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "http/chunked.h"
#include "http/response_head.h"

namespace nes::http {

// One body, read in place as BodyReader reads those of requests.
class AnswerBody {
 public:
  using Progress = ChunkedDecoder::Progress;

  // kLimit if the head announces more than `max_bytes`. Keeps no view of `head`.
  static Result<AnswerBody> begin(const AnswerHead& head, std::uint64_t max_bytes) noexcept;

  // Reads what `input` holds: its first `produced` bytes are then the next bytes of the body, and bytes after
  // `consumed` (only when done) belong to no answer. kMalformed if the chunked coding is broken, kLimit if
  // the body, or trailers, are over their limits; nothing more can be read after an error. The outcome does
  // not depend on how the bytes were split.
  Result<Progress> feed(std::span<char> input) noexcept;

  // The peer has ended the connection: kTruncated unless the body may end here.
  Result<void> end() noexcept;

  bool done() const noexcept { return done_; }

 private:
  AnswerBody(AnswerFraming framing, std::uint64_t left, std::uint64_t max_bytes) noexcept
      : chunks_(max_bytes), framing_(framing), left_(left), done_(left == 0 && is_sized(framing)) {}
  static bool is_sized(AnswerFraming framing) noexcept {
    return framing == AnswerFraming::kNone || framing == AnswerFraming::kContentLength;
  }

  ChunkedDecoder chunks_;
  AnswerFraming framing_;
  std::uint64_t left_;  // of Content-Length; of the limit where the end of the connection ends the body
  bool done_;
};

}  // namespace nes::http
