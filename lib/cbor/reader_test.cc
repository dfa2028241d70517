#include "cbor/reader.h"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace nes::cbor {
namespace {

Bytes hex(std::string_view text) { return base::hex_decode(text).value(); }

// What the one item of `text` (hex) is, as diagnostic notation of RFC 8949 section 8, or why it is refused.
std::string read_item(Reader& reader, int depth = 0) {
  const auto type = reader.peek();
  if (!type.ok()) return "truncated";
  const auto reason = [](const Error& error) {
    return error.code == ErrorCode::kTruncated ? std::string("truncated") : std::string(error.reason.view());
  };
  const auto items = [&](std::size_t count, std::string text, std::string_view ends) {
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) text += ends == "}" && i % 2 == 1 ? ": " : ", ";
      text += read_item(reader, depth + 1);
    }
    return text.append(ends);
  };
  switch (*type) {
    case Type::kUnsigned:
    case Type::kNegative: {
      const auto value = reader.integer();
      return value.ok() ? std::to_string(*value) : reason(value.error());
    }
    case Type::kBytes: {
      const auto value = reader.bytes();
      return value.ok() ? "h'" + base::hex_encode(*value) + "'" : reason(value.error());
    }
    case Type::kText: {
      const auto value = reader.text();
      return value.ok() ? '"' + std::string(*value) + '"' : reason(value.error());
    }
    case Type::kArray: {
      const auto count = reader.array();
      return count.ok() ? items(*count, "[", "]") : reason(count.error());
    }
    case Type::kMap: {
      const auto count = reader.map();
      return count.ok() ? items(*count * 2, "{", "}") : reason(count.error());
    }
    case Type::kTag: {
      const auto number = reader.tag();
      return number.ok() ? std::to_string(*number) + "(" + read_item(reader, depth + 1) + ")"
                         : reason(number.error());
    }
    case Type::kSimple: break;
  }
  if (reader.next_is_null()) return reader.null().ok() ? "null" : "?";
  const auto value = reader.boolean();
  if (!value.ok()) return reason(value.error());
  return *value ? "true" : "false";
}

std::string read(std::string_view text) {
  const Bytes bytes = hex(text);
  Reader reader(bytes);
  const std::string item = read_item(reader);
  return reader.expect_end().ok() ? item : item + " and more";
}

// RFC 8949 appendix A, the rows of the subset.
TEST(CborReader, reads_the_examples_of_rfc_8949_appendix_a) {
  EXPECT_EQ(read("00"), "0");
  EXPECT_EQ(read("01"), "1");
  EXPECT_EQ(read("0a"), "10");
  EXPECT_EQ(read("17"), "23");
  EXPECT_EQ(read("1818"), "24");
  EXPECT_EQ(read("1819"), "25");
  EXPECT_EQ(read("1864"), "100");
  EXPECT_EQ(read("1903e8"), "1000");
  EXPECT_EQ(read("1a000f4240"), "1000000");
  EXPECT_EQ(read("1b000000e8d4a51000"), "1000000000000");
  EXPECT_EQ(read("20"), "-1");
  EXPECT_EQ(read("29"), "-10");
  EXPECT_EQ(read("3863"), "-100");
  EXPECT_EQ(read("3903e7"), "-1000");
  EXPECT_EQ(read("f4"), "false");
  EXPECT_EQ(read("f5"), "true");
  EXPECT_EQ(read("f6"), "null");
  EXPECT_EQ(read("d74401020304"), "23(h'01020304')");
  EXPECT_EQ(read("40"), "h''");
  EXPECT_EQ(read("4401020304"), "h'01020304'");
  EXPECT_EQ(read("60"), "\"\"");
  EXPECT_EQ(read("6449455446"), "\"IETF\"");
  EXPECT_EQ(read("62225c"), "\"\"\\\"");
  EXPECT_EQ(read("62c3bc"), "\"\u00fc\"");
  EXPECT_EQ(read("63e6b0b4"), "\"\u6c34\"");
  EXPECT_EQ(read("64f0908591"), "\"\U00010151\"");
  EXPECT_EQ(read("80"), "[]");
  EXPECT_EQ(read("8301820203820405"), "[1, [2, 3], [4, 5]]");
  EXPECT_EQ(read("a0"), "{}");
  EXPECT_EQ(read("a201020304"), "{1: 2, 3: 4}");
  EXPECT_EQ(read("a26161016162820203"), "{\"a\": 1, \"b\": [2, 3]}");
}

TEST(CborReader, refuses_what_is_outside_the_subset) {
  // Floats, undefined and other simple values; indefinite lengths (appendix A as well).
  for (const char* text : {"f90000", "fa47c35000", "fb3ff199999999999a", "f7", "f0", "f8ff", "e0", "f3"})
    EXPECT_EQ(read(text), "a simple value or float that has no place here and more") << text;
  for (const char* text :
       {"5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "bfff", "1c", "1d", "1e", "1f"})
    EXPECT_EQ(read(text), "an indefinite length or a reserved head and more") << text;
}

TEST(CborReader, takes_heads_in_their_shortest_form_alone) {
  for (const char* text : {"1800", "1817", "190000", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3817",
                           "5800", "780161", "9800", "b800", "d81762"})
    EXPECT_EQ(read(text), "a head that is not in its shortest form and more") << text;
  EXPECT_EQ(read("1818"), "24");
  EXPECT_EQ(read("190100"), "256");
  EXPECT_EQ(read("1a00010000"), "65536");
  EXPECT_EQ(read("1b0000000100000000"), "4294967296");
}

TEST(CborReader, refuses_what_ends_early_at_every_byte) {
  for (const std::string_view text : {"1b000000e8d4a51000", "4401020304", "6449455446", "8301820203820405",
                                      "a26161016162820203", "d74401020304", "1903e8"}) {
    const Bytes bytes = hex(text);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Reader reader(ByteView(bytes).first(size));
      EXPECT_NE(read_item(reader).find("truncated"), std::string::npos) << text << " " << size;
    }
  }
}

TEST(CborReader, refuses_counts_that_cannot_be_right_before_anybody_believes_them) {
  EXPECT_EQ(read("9bffffffffffffffff"), "truncated and more");
  EXPECT_EQ(read("8201"), "truncated and more");
  EXPECT_EQ(read("bb7fffffffffffffff"), "truncated and more");
  EXPECT_EQ(read("a101"), "truncated and more");
  EXPECT_EQ(read("5bffffffffffffffff"), "truncated and more");
  EXPECT_EQ(read("7b7fffffffffffffff61"), "truncated and more");
}

TEST(CborReader, refuses_text_that_is_not_utf_8) {
  for (const char* text : {"61ff", "62c328", "63eda080", "62c080", "64f4908080"})
    EXPECT_EQ(read(text), "text that is not UTF-8 and more") << text;
}

TEST(CborReader, keeps_integers_in_range) {
  EXPECT_EQ(read("1b7fffffffffffffff"), std::to_string(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(read("3b7fffffffffffffff"), std::to_string(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(read("1b8000000000000000"), "an integer that is too large and more");
  EXPECT_EQ(read("3b8000000000000000"), "an integer that is too large and more");
  const Bytes largest = hex("1bffffffffffffffff");
  EXPECT_EQ(Reader(largest).unsigned_integer().value(), std::numeric_limits<std::uint64_t>::max());
}

TEST(CborReader, says_where_and_stays_where_an_item_is_another_one) {
  const Bytes bytes = hex("0161610a");
  Reader reader(bytes);
  ASSERT_TRUE(reader.integer().ok());
  const auto wrong = reader.bytes();
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(wrong.error().position, 1U);
  EXPECT_FALSE(reader.map().ok() || reader.array().ok() || reader.tag().ok() || reader.boolean().ok());
  EXPECT_FALSE(reader.null().ok() || reader.unsigned_integer().ok() || reader.integer().ok());
  EXPECT_EQ(reader.text().value(), "a");
  EXPECT_FALSE(reader.expect_end().ok());
  EXPECT_EQ(reader.integer().value(), 10);
  EXPECT_TRUE(reader.expect_end().ok());
  EXPECT_EQ(reader.integer().error().code, ErrorCode::kTruncated);
}

TEST(CborReader, tells_null_from_true_and_false) {
  const Bytes null = hex("f6"), yes = hex("f5");
  EXPECT_FALSE(Reader(null).boolean().ok());
  EXPECT_FALSE(Reader(yes).null().ok());
}

}  // namespace
}  // namespace nes::cbor
