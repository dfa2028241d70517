// The body of an HTTP/1.x request, whatever its framing (RFC 9112 section 6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "http/chunked.h"
#include "http/request_head.h"

namespace nes::http {

// One body, read in place: the connection's buffer holds the head, then what there is of the body, then what
// feed() has not seen. Nothing is copied or allocated. A body with Content-Length stays where it was
// received; a chunked one is moved up to where its previous bytes end. Because feed() leaves bytes over only
// when done, the next bytes to be received always belong right behind the body so far.
class BodyReader {
 public:
  using Progress = ChunkedDecoder::Progress;

  // kBodyTooLarge if the head announces more than `max_bytes`. Keeps no view of `head`.
  static Result<BodyReader> begin(const RequestHead& head, std::uint64_t max_bytes) noexcept;

  // Reads what `input` holds. Then its first `produced` bytes are the next bytes of the body; bytes after
  // `consumed` (there are some only when done) belong to the next request, and those between mean nothing any
  // more. Errors are ChunkedDecoder::decode's; the connection cannot be used after one. The outcome does not
  // depend on how the bytes were split.
  Result<Progress> feed(std::span<char> input) noexcept;

  // The body has ended; for a request without one, from the start.
  bool done() const noexcept { return done_; }

 private:
  BodyReader(bool chunked, std::uint64_t length, std::uint64_t max_bytes) noexcept
      : chunks_(max_bytes), left_(length), chunked_(chunked), done_(!chunked && length == 0) {}

  ChunkedDecoder chunks_;
  std::uint64_t left_;  // of Content-Length
  bool chunked_;
  bool done_;
};

}  // namespace nes::http
