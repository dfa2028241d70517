#include "http/chunked.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "http/char_class.h"

namespace nes::http {
namespace {

constexpr std::size_t kSizeDigits = 15;  // below 2^60: a sum of two sizes cannot overflow

Error malformed(base::StaticText reason, std::size_t position) noexcept {
  return {ErrorCode::kMalformedRequest, reason, position};
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<ChunkedDecoder::Progress> ChunkedDecoder::decode(std::span<char> input) noexcept {
  std::size_t read = 0;
  std::size_t written = 0;
  while (read < input.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t size =
          static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size() - read));
      std::memmove(input.data() + written, input.data() + read, size);
      read += size;
      written += size;
      chunk_left_ -= size;
      if (chunk_left_ == 0) state_ = State::kDataCr;
      continue;
    }
    if (const Result<void> stepped = step(input[read], read); !stepped.ok()) {
      state_ = State::kBroken;
      return stepped.error();
    }
    ++read;
  }
  return Progress{read, written, state_ == State::kDone};
}

// One byte of what is not body.
Result<void> ChunkedDecoder::step(char c, std::size_t position) noexcept {
  switch (state_) {
    case State::kSize:
    case State::kExtension: return step_size_line(c, position);
    case State::kSizeLf:
      if (c != '\n') return malformed("a CR without LF in a chunk's size line", position);
      return begin_chunk(position);
    case State::kDataCr:
      if (c != '\r') return malformed("a chunk does not end where its size says", position);
      state_ = State::kDataLf;
      return {};
    case State::kDataLf:
      if (c != '\n') return malformed("a chunk does not end in CRLF", position);
      state_ = State::kSize;
      return {};
    case State::kTrailerLine:
    case State::kTrailerName:
    case State::kTrailerValue:
    case State::kTrailerLf:
    case State::kEndLf: return step_trailer(c, position);
    case State::kBroken: return malformed("the chunked coding was broken before", position);
    case State::kData:
    case State::kDone: break;
  }
  NES_CHECK(false && "a state that decode() handles");
}

Result<void> ChunkedDecoder::step_size_line(char c, std::size_t position) noexcept {
  if (c == '\r') {
    if (digits_ == 0) return malformed("a chunk without a size", position);
    state_ = State::kSizeLf;
    return {};
  }
  if (++line_bytes_ > limits::kHttpChunkLineBytes)
    return malformed("a chunk's size line is over its limit", position);
  if (state_ == State::kExtension) {
    if (!is_in(c, kVisible)) return malformed("a chunk extension is not visible ASCII", position);
    return {};
  }
  if (const int digit = hex_value(c); digit >= 0) {
    if (++digits_ > kSizeDigits) return malformed("a chunk size of more than 15 digits", position);
    chunk_left_ = chunk_left_ << 4 | static_cast<unsigned>(digit);
    return {};
  }
  if (c != ';' || digits_ == 0) return malformed("a chunk size is not hex digits", position);
  state_ = State::kExtension;
  return {};
}

// After a size line: the data that it announces, or the trailers.
Result<void> ChunkedDecoder::begin_chunk(std::size_t position) noexcept {
  if (chunk_left_ > body_left_)
    return Error{ErrorCode::kBodyTooLarge, "a chunked body is over its limit", position};
  body_left_ -= chunk_left_;
  digits_ = 0;
  line_bytes_ = 0;
  state_ = chunk_left_ == 0 ? State::kTrailerLine : State::kData;
  return {};
}

// The grammar of field lines, as in heads: a trailer that only some parsers accept desynchronizes as well.
Result<void> ChunkedDecoder::step_trailer(char c, std::size_t position) noexcept {
  if (++trailer_bytes_ > limits::kHttpTrailerBytes)
    return Error{ErrorCode::kHeadersTooLarge, "trailers are over their limit", position};
  switch (state_) {
    case State::kTrailerLine:
      if (c == '\r') {
        state_ = State::kEndLf;
        return {};
      }
      if (!is_in(c, kTokenChar)) return malformed("a trailer does not begin with a token", position);
      if (++trailer_count_ > limits::kHttpTrailers)
        return Error{ErrorCode::kHeadersTooLarge, "more trailers than the limit", position};
      state_ = State::kTrailerName;
      return {};
    case State::kTrailerName:
      if (c == ':')
        state_ = State::kTrailerValue;
      else if (!is_in(c, kTokenChar))
        return malformed("a trailer's name is not followed by a colon", position);
      return {};
    case State::kTrailerValue:
      if (c == '\r')
        state_ = State::kTrailerLf;
      else if (!is_in(c, kValueChar))
        return malformed("a control byte in a trailer", position);
      return {};
    case State::kTrailerLf:
    case State::kEndLf:
      if (c != '\n') return malformed("a CR without LF in the trailers", position);
      state_ = state_ == State::kEndLf ? State::kDone : State::kTrailerLine;
      return {};
    default: break;
  }
  NES_CHECK(false && "a state of the trailers");
}

}  // namespace nes::http
