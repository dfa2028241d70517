#include "base/byte_reader.h"

#include <gtest/gtest.h>

namespace nes::base {
namespace {

const Bytes kNine{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09};

TEST(ByteReader, reads_big_endian_integers_and_views) {
  ByteReader reader(kNine);
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16be(), 0x0203);
  EXPECT_EQ(reader.u32be(), 0x04050607U);
  EXPECT_EQ(reader.remaining(), 2U);
  EXPECT_EQ(hex_encode(reader.bytes(2)), "0809");
  EXPECT_TRUE(reader.expect_end().ok());
}

TEST(ByteReader, reads_eight_of_nine_and_reports_the_one_left) {
  ByteReader reader(kNine);
  EXPECT_EQ(reader.u64be(), 0x0102030405060708U);
  EXPECT_EQ(reader.expect_end().error().code, ErrorCode::kMalformed);
}

TEST(ByteReader, stays_failed_after_a_read_past_the_end) {
  ByteReader reader(ByteView(kNine).first(7));
  EXPECT_EQ(reader.u64be(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "even what would still fit";
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_EQ(reader.expect_end().error().code, ErrorCode::kTruncated);
}

TEST(ByteReader, accepts_an_empty_input_and_an_empty_read) {
  ByteReader reader({});
  EXPECT_TRUE(reader.bytes(0).empty());
  EXPECT_TRUE(reader.expect_end().ok());
}

}  // namespace
}  // namespace nes::base
