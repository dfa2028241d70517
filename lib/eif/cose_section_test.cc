#include "eif/cose_section.h"

#include <gtest/gtest.h>

#include "cbor/writer.h"
#include "eif/memory.h"
#include "eif/metadata.h"

namespace nes::eif {
namespace {

SignatureSection some_section() {
  return {.certificate_pem = {'P', 0xFF, 23, 24},
          .algorithm = Algorithm::kEs384,
          .protected_header = protected_header_of(Algorithm::kEs384),
          .payload = payload_of({}),
          .signature = Bytes(96, 7)};
}

TEST(SignatureSection, has_the_bytes_of_the_format) {
  EXPECT_EQ(base::hex_encode(protected_header_of(Algorithm::kEs256)), "a10126");
  EXPECT_EQ(base::hex_encode(protected_header_of(Algorithm::kEs384)), "a1013822");
  EXPECT_EQ(base::hex_encode(protected_header_of(Algorithm::kEs512)), "a1013823");
  const std::string payload = base::hex_encode(payload_of({}));
  EXPECT_EQ(payload,
            "a26e72656769737465725f696e646578006e72656769737465725f76616c75659830" + std::string(96, '0'));
  const Bytes section = write_section(some_section()).value();
  // array(1), map(2), the key, and the certificate as integers.
  EXPECT_EQ(base::hex_encode(ByteView(section).first(30)),
            "81a2737369676e696e675f6365727469666963617465841850"
            "18ff171818");
}

TEST(SignatureSection, reads_back_what_it_wrote) {
  const SignatureSection section = read_section(write_section(some_section()).value()).value();
  EXPECT_EQ(section.certificate_pem, some_section().certificate_pem);
  EXPECT_EQ(section.algorithm, Algorithm::kEs384);
  EXPECT_EQ(section.payload, some_section().payload);
  EXPECT_EQ(section.signature, some_section().signature);
  EXPECT_EQ(signed_bytes(section), signed_bytes(some_section()));
}

TEST(SignatureSection, refuses_truncations_and_bytes_that_follow) {
  Bytes section = write_section(some_section()).value();
  for (std::size_t size = 0; size < section.size(); ++size)
    EXPECT_FALSE(read_section(ByteView(section).first(size)).ok()) << size;
  section.push_back(0);
  EXPECT_FALSE(read_section(section).ok());
}

TEST(SignatureSection, refuses_what_is_no_byte_and_what_is_no_algorithm) {
  cbor::Writer writer;
  writer.array(1).map(2).text("signing_certificate").array(1).integer(256).text("signature").array(0);
  EXPECT_FALSE(read_section(writer.result()).ok());
  SignatureSection other = some_section();
  for (const char* header : {"a0", "a10127", "a1013820", "a201260226", "a10326", "26", ""}) {
    other.protected_header = *base::hex_decode(header);
    EXPECT_FALSE(read_section(write_section(other).value()).ok()) << header;
  }
}

TEST(SignatureSection, is_no_larger_than_an_image_takes) {
  SignatureSection section = some_section();
  section.certificate_pem = Bytes(16'000, 'P');
  EXPECT_TRUE(write_section(section).ok());
  section.certificate_pem = Bytes(17'000, 'P');
  EXPECT_EQ(write_section(section).error().code, ErrorCode::kLimit);
}

TEST(Metadata, is_read_as_it_was_written) {
  const std::string text = write_metadata({.name = "a\"b",
                                           .version = "1",
                                           .build_time_s = 1'767'323'045,
                                           .tool = "t",
                                           .custom_json = R"({"x":[1]})"});
  const JsonTree tree = parse_metadata(as_bytes(text)).value();
  EXPECT_EQ(tree.optional_string("ImageName").value(), "a\"b");
  const JsonTree* build = tree.optional_object("BuildMetadata").value();
  ASSERT_NE(build, nullptr);
  EXPECT_EQ(build->optional_string("BuildTime").value(), "2026-01-02T03:04:05Z");
  EXPECT_EQ(tree.find("CustomMetadata")->find("x")->items().size(), 1U);
  EXPECT_TRUE(tree.find("DockerInfo")->members().empty());
}

TEST(Metadata, finds_the_version_of_a_kernel_within_its_bytes) {
  Bytes kernel(0x400);
  const auto put = [&kernel](std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), kernel.begin() + static_cast<std::ptrdiff_t>(at));
  };
  EXPECT_EQ(kernel_version_of(kernel), "unknown");
  put(0x202, "HdrS");
  EXPECT_EQ(kernel_version_of(kernel), "unknown");
  kernel[0x20F] = 1;
  put(0x300, "6.12.1 (x)");
  EXPECT_EQ(kernel_version_of(kernel), "6.12.1");
  EXPECT_EQ(kernel_version_of(ByteView(kernel).first(0x304)), "6.12");
  EXPECT_EQ(kernel_version_of(ByteView(kernel).first(0x300)), "unknown");
  EXPECT_EQ(kernel_version_of(ByteView(kernel).first(0x20F)), "unknown");
  kernel[0x20E] = kernel[0x20F] = 0xFF;
  EXPECT_EQ(kernel_version_of(kernel), "unknown");
}

TEST(Memory, is_four_times_the_file_in_pages_of_two_mebibytes) {
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
  EXPECT_EQ(memory_needed_mib(0), 64U);
  EXPECT_EQ(memory_needed_mib(16 * kMebibyte), 64U);
  EXPECT_EQ(memory_needed_mib(16 * kMebibyte + 1), 66U);
  EXPECT_EQ(memory_needed_mib(17 * kMebibyte), 68U);
}

}  // namespace
}  // namespace nes::eif
