#include "cbor/writer.h"

#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace nes::cbor {
namespace {

std::string hex(const Writer& writer) { return base::hex_encode(writer.result()); }

// RFC 8949 appendix A.
TEST(CborWriter, writes_the_examples_of_rfc_8949_appendix_a) {
  EXPECT_EQ(hex(Writer().integer(0)), "00");
  EXPECT_EQ(hex(Writer().integer(23)), "17");
  EXPECT_EQ(hex(Writer().integer(24)), "1818");
  EXPECT_EQ(hex(Writer().integer(100)), "1864");
  EXPECT_EQ(hex(Writer().integer(1000)), "1903e8");
  EXPECT_EQ(hex(Writer().integer(1000000)), "1a000f4240");
  EXPECT_EQ(hex(Writer().integer(1000000000000)), "1b000000e8d4a51000");
  EXPECT_EQ(hex(Writer().integer(-1)), "20");
  EXPECT_EQ(hex(Writer().integer(-1000)), "3903e7");
  EXPECT_EQ(hex(Writer().boolean(false).boolean(true).null()), "f4f5f6");
  EXPECT_EQ(hex(Writer().tag(23).bytes(Bytes{1, 2, 3, 4})), "d74401020304");
  EXPECT_EQ(hex(Writer().text("IETF")), "6449455446");
  EXPECT_EQ(hex(Writer().array(3).integer(1).array(2).integer(2).integer(3).array(2).integer(4).integer(5)),
            "8301820203820405");
  EXPECT_EQ(hex(Writer().map(2).text("a").integer(1).text("b").array(2).integer(2).integer(3)),
            "a26161016162820203");
}

TEST(CborWriter, writes_what_the_reader_reads) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{23}, std::int64_t{24}, std::int64_t{255},
                                   std::int64_t{256}, std::int64_t{65535}, std::int64_t{65536},
                                   std::int64_t{0xFFFFFFFF}, std::int64_t{0x100000000}, kMax}) {
    for (const std::int64_t signed_value : {value, -1 - value}) {
      const Bytes bytes = Writer().integer(signed_value).result();
      Reader reader(bytes);
      EXPECT_EQ(reader.integer().value(), signed_value);
      EXPECT_TRUE(reader.expect_end().ok());
    }
  }
  std::mt19937_64 random(1);
  for (const std::size_t size : {0U, 1U, 23U, 24U, 255U, 256U, 65535U, 65536U}) {
    Bytes content(size);
    for (std::uint8_t& byte : content) byte = static_cast<std::uint8_t>(random());
    const Bytes bytes = Writer().array(2).bytes(content).text(std::string(size, 'x')).result();
    Reader reader(bytes);
    EXPECT_EQ(reader.array().value(), 2U);
    const ByteView read = reader.bytes().value();
    EXPECT_EQ(Bytes(read.begin(), read.end()), content);
    EXPECT_EQ(reader.text().value(), std::string(size, 'x'));
    EXPECT_TRUE(reader.expect_end().ok());
  }
}

}  // namespace
}  // namespace nes::cbor
