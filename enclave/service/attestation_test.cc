#include "enclave/service/attestation.h"

#include <thread>

#include <gtest/gtest.h>

#include "enclave/service/nsm_testing.h"

namespace nes::service {
namespace {

class ManualClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return now_ms; }
  std::int64_t unix_ms() const noexcept override { return now_ms; }
  std::int64_t now_ms = 5'000;
};

std::string query_of(std::size_t bytes) { return "nonce=" + base::base64url_encode(Bytes(bytes, 0xAB)); }

TEST(Nonce, is_16_to_64_bytes_in_base64url) {
  for (const std::size_t size : {16U, 17U, 63U, 64U}) {
    const auto nonce = parse_nonce(query_of(size));
    ASSERT_TRUE(nonce.ok()) << size;
    EXPECT_EQ(*nonce, Bytes(size, 0xAB));
  }
  for (const std::string& query :
       {std::string(), std::string("nonce="), query_of(15), query_of(65), query_of(16) + "=",
        query_of(16) + "&a=b", "a=b&" + query_of(16), "x" + query_of(16),
        std::string("nonce=++++++++++++++++++++++"), query_of(16) + "&" + query_of(16)}) {
    const auto nonce = parse_nonce(query);
    ASSERT_FALSE(nonce.ok()) << query;
    EXPECT_EQ(nonce.error().code, ErrorCode::kMalformedRequest);
  }
}

class AttestationTest : public testing::Test {
 protected:
  ErrorCode ask() {
    const auto document = attestation_.document(Bytes(16, 1), Bytes(32, 2));
    return document.ok() ? ErrorCode{} : document.error().code;
  }
  ManualClock clock_;
  FakeNsm nsm_;
  Attestation attestation_{nsm_, clock_};
};

TEST_F(AttestationTest, asks_for_nonce_and_user_data_and_no_public_key) {
  ASSERT_TRUE(attestation_.document(Bytes(16, 1), Bytes(32, 2)).ok());
  ASSERT_EQ(nsm_.requests.size(), 1U);
  EXPECT_EQ(nsm_.requests[0].nonce, Bytes(16, 1));
  EXPECT_EQ(nsm_.requests[0].user_data, Bytes(32, 2));
  EXPECT_FALSE(nsm_.requests[0].public_key);
}

TEST_F(AttestationTest, gives_ten_in_any_second) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(ask(), ErrorCode{}) << i;
    clock_.now_ms += 50;
  }
  EXPECT_EQ(ask(), ErrorCode::kRateLimited);
  clock_.now_ms = 5'999;
  EXPECT_EQ(ask(), ErrorCode::kRateLimited);
  clock_.now_ms = 6'000;
  EXPECT_EQ(ask(), ErrorCode{});
  EXPECT_EQ(ask(), ErrorCode::kRateLimited) << "the second one is 50 ms younger";
  clock_.now_ms = 6'050;
  EXPECT_EQ(ask(), ErrorCode{});
}

TEST_F(AttestationTest, makes_one_at_a_time) {
  ErrorCode second{};
  nsm_.on_attest = [&] {
    std::thread other([&] { second = ask(); });
    other.join();
  };
  EXPECT_EQ(ask(), ErrorCode{});
  EXPECT_EQ(second, ErrorCode::kRateLimited);
}

TEST_F(AttestationTest, fails_with_the_nsm) {
  nsm_.fails = true;
  EXPECT_EQ(ask(), ErrorCode::kInternal);
}

}  // namespace
}  // namespace nes::service
