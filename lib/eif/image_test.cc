#include "eif/image.h"

#include <gtest/gtest.h>

#include "eif/measure.h"

namespace nes::eif {
namespace {

std::vector<Section> good_sections() {
  return {{SectionType::kKernel, as_bytes("kernel")},
          {SectionType::kCmdline, as_bytes("reboot=k")},
          {SectionType::kMetadata, as_bytes("{}")},
          {SectionType::kRamdisk, as_bytes("ramdisk 0")},
          {SectionType::kRamdisk, as_bytes("ramdisk 1")}};
}

TEST(Eif, reads_back_what_it_wrote) {
  const Bytes file = write(good_sections()).value();
  const auto image = read(file);
  ASSERT_TRUE(image.ok());
  ASSERT_EQ(image->sections.size(), 5U);
  EXPECT_EQ(as_text(image->find(SectionType::kCmdline)), "reboot=k");
  EXPECT_EQ(as_text(image->sections[4].data), "ramdisk 1");
  EXPECT_FALSE(image->is_signed());
}

TEST(Eif, refuses_every_flipped_bit) {
  Bytes file = write(good_sections()).value();
  for (std::size_t i = 0; i < file.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      const auto mask = static_cast<std::uint8_t>(1 << bit);
      file[i] ^= mask;

      EXPECT_FALSE(read(file).ok()) << "byte " << i;
      file[i] ^= mask;
    }
}

TEST(Eif, refuses_every_truncation_and_a_byte_that_follows) {
  Bytes file = write(good_sections()).value();
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(read(ByteView(file).first(size)).ok()) << size;
  file.push_back(0);
  EXPECT_FALSE(read(file).ok());
}

TEST(Eif, refuses_sizes_that_would_overflow) {
  Bytes file = write(good_sections()).value();
  constexpr std::size_t kFirstSize = 0x11C;
  constexpr std::size_t kFirstStatedSize = 548 + 4;
  for (const std::uint64_t size : {~std::uint64_t{0}, ~std::uint64_t{0} - 559, std::uint64_t{1} << 63}) {
    base::store_u64be(size, file.data() + kFirstSize);
    base::store_u64be(size, file.data() + kFirstStatedSize);
    const auto image = read(file);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.error().code, ErrorCode::kTruncated);
  }
}

TEST(Eif, refuses_missing_and_repeated_sections) {
  for (std::size_t i = 0; i < 3; ++i) {
    auto missing = good_sections();
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(write(missing).ok()) << i;
    auto repeated = good_sections();
    repeated.push_back(repeated[i]);
    EXPECT_FALSE(write(repeated).ok()) << i;
  }
}

TEST(Eif, measures_metadata_in_no_register_and_the_second_ramdisk_not_in_pcr1) {
  const auto measured = [](const std::vector<Section>& sections) {
    const Bytes file = write(sections).value();
    return measure(read(file).value()).value();
  };
  const auto before = measured(good_sections());
  auto sections = good_sections();
  sections[2].data = as_bytes("{\"ImageName\":\"x\"}");
  EXPECT_EQ(measured(sections).pcr0, before.pcr0);
  sections[4].data = as_bytes("another");
  EXPECT_NE(measured(sections).pcr0, before.pcr0);
  EXPECT_EQ(measured(sections).pcr1, before.pcr1);
  EXPECT_NE(measured(sections).pcr2, before.pcr2);
}

}  // namespace
}  // namespace nes::eif
