#include "enclave/service/interruption.h"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace nes::service {
namespace {

// Gives one end of a pair of sockets, and keeps the other.
class PairDialer final : public aws::Dialer {
 public:
  Result<os::UniqueFd> dial(std::string_view /*host*/, std::uint16_t /*port*/,
                            std::int64_t /*timeout_ms*/) override {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    far_end = os::UniqueFd(pair[1]);
    ++dialled;
    return os::UniqueFd(pair[0]);
  }
  os::UniqueFd far_end;
  int dialled = 0;
};

TEST(Interruption, ends_the_connection_that_is_in_use) {
  Interruption interruption;
  PairDialer pairs;
  InterruptibleDialer dialer(pairs, interruption);
  const auto connection = dialer.dial("host", 443, 1000);
  ASSERT_TRUE(connection.ok());
  std::thread interrupter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    interruption.interrupt();
  });
  char byte = 0;
  EXPECT_EQ(::read(connection->get(), &byte, 1), 0) << "it waits until then";
  interrupter.join();
}

TEST(Interruption, dials_nothing_more) {
  Interruption interruption;
  PairDialer pairs;
  InterruptibleDialer dialer(pairs, interruption);
  EXPECT_TRUE(dialer.dial("host", 443, 1000).ok());
  interruption.interrupt();
  EXPECT_EQ(dialer.dial("host", 443, 1000).error().code, ErrorCode::kIo);
  EXPECT_EQ(pairs.dialled, 1);
}

TEST(Interruption, cuts_sleep_short) {
  Interruption interruption;
  const auto begin = std::chrono::steady_clock::now();
  interruption.sleep_ms(1);
  std::thread interrupter([&] { interruption.interrupt(); });
  interruption.sleep_ms(60'000);
  interruption.sleep_ms(60'000);
  interrupter.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace nes::service
