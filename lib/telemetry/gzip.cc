#include "telemetry/gzip.h"

#include <zlib.h>

namespace nes::telemetry {

Result<std::string> gzip(std::string_view text) {
  constexpr int kGzipWindow = 15 + 16;  // zlib.h: 16 more makes a gzip header
  constexpr Error kRefused{ErrorCode::kInternal, "zlib refuses to compress"};
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return kRefused;
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // only read
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int outcome = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (outcome != Z_STREAM_END) return kRefused;
  return out;
}

}  // namespace nes::telemetry
