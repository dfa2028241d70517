#include "eif/gzip.h"

#include <zlib.h>

#include <limits>

namespace nes::eif {
namespace {

constexpr int kGzipWrapper = 16;  // added to the window's bits, by zlib's convention
constexpr int kMemoryLevel = 9;
constexpr int kUnknownSystem = 255;  // RFC 1952 section 2.3.1

}  // namespace

Result<Bytes> gzip(ByteView data) {
  if (data.size() > std::numeric_limits<uInt>::max()) return Error{ErrorCode::kLimit, "too large for gzip"};
  z_stream stream{};
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzipWrapper, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return Error{ErrorCode::kIo, "zlib failed"};
  gz_header header{};
  header.os = kUnknownSystem;
  ::deflateSetHeader(&stream, &header);
  Bytes out(::deflateBound(&stream, data.size()));
  stream.next_in =
      const_cast<Bytef*>(data.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): zlib reads it
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (status != Z_STREAM_END) return Error{ErrorCode::kIo, "zlib failed"};
  return out;
}

}  // namespace nes::eif
