// The chunked transfer coding (RFC 9112 section 7.1), decoded in place as bytes arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace nes::http {

// One body. Strict: CRLF line ends only, hex sizes without sign or white space and of at most 15 digits,
// extensions of visible ASCII, trailers parsed and dropped, all within limits::kHttpChunkLineBytes and
// limits::kHttpTrailerBytes.
class ChunkedDecoder {
 public:
  struct Progress {
    std::size_t consumed;  // bytes of input that are done with
    std::size_t produced;  // bytes of body, now at the front of `input`
    bool done;             // the body and its trailers have ended
  };

  // Decodes what `input` holds, moving body bytes to its front. Call again with what was not consumed and
  // more. consumed may be less than input.size() only when done. kMalformedRequest if the coding is broken:
  // the connection cannot be used any more.
  Result<Progress> decode(std::span<char> input) noexcept;

 private:
  enum class State : std::uint8_t;
  State state_{};
  std::uint64_t chunk_left_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::uint32_t digits_ = 0;
};

}  // namespace nes::http
