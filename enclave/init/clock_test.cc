#include "enclave/init/clock.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::init {
namespace {

// A document that AWS has signed, but for its timestamp: nobody checks signatures before the clock is right.
Bytes document_of(std::int64_t unix_ms) {
  std::ifstream file(NES_TESTDATA "/attestation/aws-2023-09-18.b64");
  std::stringstream text;
  text << file.rdbuf();
  std::string base64 = text.str();
  std::erase_if(base64, [](char c) { return c == '\n' || c == '\r'; });
  Bytes document = base::base64_decode(base64).value();
  constexpr std::string_view kKey = "timestamp\x1b";  // 0x1b: an unsigned integer of 8 bytes follows
  const ByteView key = as_bytes(kKey);
  const auto at = std::search(document.begin(), document.end(), key.begin(), key.end());
  EXPECT_NE(at, document.end());
  base::store_u64be(static_cast<std::uint64_t>(unix_ms), &*at + kKey.size());
  return document;
}

class TellingNsm final : public attest::Nsm {
 public:
  explicit TellingNsm(Result<Bytes> document) : document_(std::move(document)) {}
  Result<Bytes> attest(const attest::DocumentRequest& /*request*/) override { return document_; }
  Result<attest::Pcr> describe_pcr(std::uint16_t /*index*/) override { return attest::Pcr{}; }
  Result<Bytes> random() override { return Bytes(1); }

 private:
  Result<Bytes> document_;
};

constexpr std::int64_t kNowMs = 1'800'000'000'000;
constexpr std::int64_t kYear2025Ms = 1'735'689'600'000;

Result<std::int64_t> error_of(std::int64_t nsm_ms, std::int64_t now_ms) {
  TellingNsm nsm(document_of(nsm_ms));
  return clock_error(nsm, now_ms);
}

TEST(ClockError, is_nothing_within_a_second) {
  for (const std::int64_t off :
       {-limits::kInitClockSkewMs + 1, std::int64_t{0}, limits::kInitClockSkewMs - 1})
    EXPECT_EQ(*error_of(kNowMs + off, kNowMs), 0) << off;
}

TEST(ClockError, is_what_has_to_be_added_from_a_second_on) {
  for (const std::int64_t off : {-kNowMs / 100, -limits::kInitClockSkewMs, limits::kInitClockSkewMs})
    EXPECT_EQ(*error_of(kNowMs + off, kNowMs), off);
  EXPECT_EQ(*error_of(kNowMs, 0), kNowMs) << "a machine without a clock is at 1970";
}

TEST(ClockError, refuses_a_time_before_the_program_was_written) {
  EXPECT_TRUE(error_of(kYear2025Ms, kNowMs).ok());
  const auto error = error_of(kYear2025Ms - 1, kNowMs);
  ASSERT_FALSE(error.ok());
  EXPECT_EQ(error.error().code, ErrorCode::kMalformed);
}

TEST(ClockError, refuses_what_is_no_document_and_passes_on_that_there_is_none) {
  Bytes cut = document_of(kNowMs);
  cut.pop_back();
  TellingNsm truncated{Result<Bytes>(cut)};
  EXPECT_FALSE(clock_error(truncated, kNowMs).ok());
  TellingNsm broken{Result<Bytes>(Error{ErrorCode::kIo, "no answer", 5})};
  const auto error = clock_error(broken, kNowMs);
  ASSERT_FALSE(error.ok());
  EXPECT_EQ(error.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace nes::init
