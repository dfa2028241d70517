#include "tools/nitro_enc/system_dialer.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

class SystemDialerTest : public testing::Test {
 protected:
  base::SystemClock clock_;
  os::UniqueFd listener_ = os::listen_on({.host = "127.0.0.1", .port = 0}, 8).value();
  std::uint16_t port_ = os::bound_tcp_port(listener_.get());
};

TEST_F(SystemDialerTest, reaches_addresses_and_names) {
  SystemDialer dialer(clock_);
  EXPECT_TRUE(dialer.dial("127.0.0.1", port_, 2000).ok());
  EXPECT_TRUE(dialer.dial("localhost", port_, 2000).ok());
}

TEST_F(SystemDialerTest, dials_one_host_for_every_name_if_told_so) {
  EXPECT_TRUE(SystemDialer(clock_, "127.0.0.1").dial("enclave.invalid", port_, 2000).ok());
}

TEST_F(SystemDialerTest, says_why_it_cannot_connect) {
  SystemDialer dialer(clock_);
  listener_.reset();
  const auto refused = dialer.dial("127.0.0.1", port_, 2000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_EQ(refused.error().position, static_cast<std::uint64_t>(ECONNREFUSED));
  EXPECT_EQ(dialer.dial("not a name", port_, 2000).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace nes::nitro_enc
