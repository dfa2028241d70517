#include "eif/gzip.h"

#include <zlib.h>

#include <gtest/gtest.h>

namespace nes::eif {
namespace {

Bytes inflate_all(const Bytes& compressed, std::size_t size) {
  Bytes out(size + 1);
  z_stream stream{};
  ::inflateInit2(&stream, MAX_WBITS + 16);
  stream.next_in = const_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = ::inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::inflateEnd(&stream);
  EXPECT_EQ(status, Z_STREAM_END);
  return out;
}

TEST(Gzip, InflatesToTheSame) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
    Bytes data(size);
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::uint8_t>(i * i >> 7);
    const auto compressed = gzip(data);
    ASSERT_TRUE(compressed.ok());
    EXPECT_EQ(inflate_all(*compressed, size), data);
  }
}

// RFC 1952 section 2.3: ID1 ID2 CM FLG MTIME(4) XFL OS.
TEST(Gzip, HeaderNamesNeitherTimeNorSystem) {
  const auto compressed = gzip(Bytes(10, 7));
  ASSERT_TRUE(compressed.ok());
  const Bytes header(compressed->begin(), compressed->begin() + 10);
  EXPECT_EQ(header, (Bytes{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255}));
}

}  // namespace
}  // namespace nes::eif
