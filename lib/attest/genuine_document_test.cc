// A document that AWS has signed, for an enclave in debug mode: its PCRs are zeros.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "attest/verify.h"
#include "crypto/sha256.h"

namespace nes::attest {
namespace {

constexpr std::int64_t kItsTimeUnixMs = 1'695'049'410'860;  // 2023-09-18T15:03:30.860Z
constexpr std::int64_t kHourMs = 3'600'000;

Bytes genuine_document() {
  std::ifstream file(NES_TESTDATA "/attestation/aws-2023-09-18.b64");
  std::stringstream text;
  text << file.rdbuf();
  std::string base64 = text.str();
  std::erase_if(base64, [](char c) { return c == '\n' || c == '\r'; });
  return base::base64_decode(base64).value();
}

std::string verdict(ByteView document, const TrustRoot& root, std::int64_t unix_ms,
                    const Expected& expected = {.allow_debug = true}) {
  const Verified verified = parse_and_verify(document, root, expected, unix_ms);
  return verified.failure ? step_name(verified.failure->step) : "believed";
}

TEST(GenuineDocument, is_believed_at_its_own_time_under_the_root_of_aws) {
  EXPECT_EQ(verdict(genuine_document(), TrustRoot::aws_nitro(), kItsTimeUnixMs), "believed");
}

TEST(GenuineDocument, is_refused_as_that_of_an_enclave_in_debug_mode) {
  EXPECT_EQ(verdict(genuine_document(), TrustRoot::aws_nitro(), kItsTimeUnixMs, {}), "measured");
}

TEST(GenuineDocument, is_not_believed_at_any_other_time) {
  const Bytes document = genuine_document();
  for (const std::int64_t hours : {-24 * 365, -4, 4, 24, 24 * 365 * 3})
    EXPECT_EQ(verdict(document, TrustRoot::aws_nitro(), kItsTimeUnixMs + hours * kHourMs), "chain") << hours;
}

TEST(GenuineDocument, is_not_believed_without_a_root) {
  EXPECT_EQ(verdict(genuine_document(), TrustRoot::unsigned_development(), kItsTimeUnixMs), "syntax");
}

TEST(GenuineDocument, is_never_believed_with_one_bit_flipped) {
  const Bytes document = genuine_document();
  constexpr std::size_t kStep = 5;  // each try verifies signatures
  for (std::size_t i = 0; i < document.size(); i += kStep) {
    Bytes other = document;
    other[i] = static_cast<std::uint8_t>(other[i] ^ (1U << (i % 8)));
    const std::string said = verdict(other, TrustRoot::aws_nitro(), kItsTimeUnixMs);
    EXPECT_NE(said, "believed") << i;
  }
}

TEST(GenuineDocument, is_refused_when_cut_anywhere) {
  const Bytes document = genuine_document();
  for (std::size_t size = 0; size < document.size(); ++size)
    EXPECT_FALSE(parse_document(ByteView(document).first(size)).ok()) << size;
}

TEST(AwsRoot, is_the_published_one) {
  const auto digest = crypto::sha256({TrustRoot::aws_nitro().certificate_der()});
  EXPECT_EQ(base::hex_encode(*digest), "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b");
}

}  // namespace
}  // namespace nes::attest
