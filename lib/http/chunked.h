// The chunked transfer coding (RFC 9112 section 7.1), decoded in place as bytes arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/result.h"

namespace nes::http {

// One body. Strict: CRLF line ends only, hex sizes without sign or white space and of at most 15 digits,
// extensions of visible ASCII, trailers checked as header fields are and dropped, all within
// limits::kHttpChunkLineBytes, limits::kHttpTrailerBytes and limits::kHttpTrailers.
class ChunkedDecoder {
 public:
  struct Progress {
    std::size_t consumed;  // bytes of input that are done with
    std::size_t produced;  // bytes of body, now at the front of `input`
    bool done;             // the body and its trailers have ended
  };

  // A body of more than `max_body_bytes` is refused at the size line of the chunk that goes over.
  explicit ChunkedDecoder(std::uint64_t max_body_bytes = std::numeric_limits<std::uint64_t>::max()) noexcept
      : body_left_(max_body_bytes) {}

  // Decodes what `input` holds, moving body bytes to its front. Call again with what was not consumed and
  // more. consumed is less than input.size() only when done. Errors, with a byte of `input` as position:
  // kMalformedRequest if the coding is broken, kHeadersTooLarge for trailers over their limits,
  // kBodyTooLarge. After an error the contents of `input` are unspecified, the connection cannot be used any
  // more, and every further call is refused. The outcome does not depend on how the bytes were split.
  Result<Progress> decode(std::span<char> input) noexcept;

 private:
  enum class State : std::uint8_t {
    kSize,       // hex digits
    kExtension,  // after `;`
    kSizeLf,     // the LF of a size line
    kData,       // bytes of the body
    kDataCr,     // the CR after them, then its LF
    kDataLf,
    kTrailerLine,  // the first byte of a trailer, or the CR of the empty line
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kEndLf,
    kDone,
    kBroken,
  };

  Result<void> step(char c, std::size_t position) noexcept;
  Result<void> step_size_line(char c, std::size_t position) noexcept;
  Result<void> step_trailer(char c, std::size_t position) noexcept;
  Result<void> begin_chunk(std::size_t position) noexcept;

  State state_ = State::kSize;
  std::uint64_t body_left_;        // of the limit
  std::uint64_t chunk_left_ = 0;   // of this chunk; while its size is read, the size so far
  std::size_t digits_ = 0;         // of this chunk's size
  std::size_t line_bytes_ = 0;     // of this size line, without CRLF
  std::size_t trailer_bytes_ = 0;  // CRLFs included
  std::size_t trailer_count_ = 0;
};

}  // namespace nes::http
