// A document as QEMU 10.0.2's virtio-nsm makes it: nobody has signed it.
#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "attest/verify.h"

namespace nes::attest {
namespace {

constexpr std::int64_t kItsTimeUnixMs = 1'795'588'815'000;

Bytes qemu_document() {
  std::ifstream file(NES_TESTDATA "/attestation/qemu-10.0.2.b64");
  std::stringstream text;
  text << file.rdbuf();
  std::string base64 = text.str();
  std::erase_if(base64, [](char c) { return c == '\n' || c == '\r'; });
  return base::base64_decode(base64).value();
}

std::string verdict(ByteView document, const TrustRoot& root) {
  const Verified verified = parse_and_verify(document, root, {}, kItsTimeUnixMs);
  return verified.failure ? step_name(verified.failure->step) : "believed";
}

TEST(QemuDocument, is_read_with_its_time_and_its_registers) {
  const auto document = parse_document(qemu_document());
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->algorithm, Algorithm::kNone);
  EXPECT_EQ(document->timestamp_unix_ms, kItsTimeUnixMs);
  EXPECT_EQ(document->pcrs.size(), 16U);
  EXPECT_NE(document->pcrs.at(0), Pcr{});
}

TEST(QemuDocument, is_believed_under_the_root_of_development_alone) {
  EXPECT_EQ(verdict(qemu_document(), TrustRoot::unsigned_development()), "believed");
  EXPECT_EQ(verdict(qemu_document(), TrustRoot::aws_nitro()), "syntax");
}

TEST(QemuDocument, does_not_lend_its_short_signature_to_one_that_claims_to_be_signed) {
  Bytes document = qemu_document();
  // The protected header, {1: -1}, in its byte string.
  constexpr std::uint8_t kNone[] = {0x43, 0xA1, 0x01, 0x20};
  const auto at = std::ranges::search(document, kNone).begin();
  ASSERT_NE(at, document.end());
  const Bytes signed_header = {0x44, 0xA1, 0x01, 0x38, 0x22};  // {1: -35}
  const auto place = document.erase(at, at + sizeof kNone);
  document.insert(place, signed_header.begin(), signed_header.end());
  const auto parsed = parse_document(document);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().reason.view(), "the signature is too short or too long");
}

TEST(QemuDocument, is_refused_with_any_other_length_of_signature) {
  for (const std::uint8_t length : {std::uint8_t{0}, std::uint8_t{63}, std::uint8_t{65}, std::uint8_t{95}}) {
    Bytes document = qemu_document();
    document.resize(document.size() - 66);  // 0x58 0x40 and the signature
    document.insert(document.end(), {0x58, length});
    document.insert(document.end(), length, 0);
    EXPECT_FALSE(parse_document(document).ok()) << static_cast<int>(length);
  }
}

}  // namespace
}  // namespace nes::attest
