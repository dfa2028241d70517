#include "enclave/service/refresher.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>

#include <gtest/gtest.h>

#include "os/unique_fd.h"

namespace nes::service {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

class RefresherTest : public testing::Test {
 protected:
  RefresherTest() : log_(clock_, telemetry::Level::kError, null_.get()) {}

  static bool reaches(const std::atomic<int>& count, int value) {
    for (int i = 0; i < 5000 && count < value; ++i) ::usleep(1000);
    return count >= value;
  }

  const base::SystemClock clock_;
  os::UniqueFd null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  telemetry::Log log_;
};

TEST_F(RefresherTest, runs_each_task_at_once_and_again_after_its_interval) {
  std::atomic<int> often{0}, rarely{0};
  Refresher refresher({{.step = "often",
                        .interval_ms = 5,
                        .min_request_gap_ms = 0,
                        .run =
                            [&] {
                              ++often;
                              return Result<void>();
                            }},
                       {.step = "rarely",
                        .interval_ms = kHourMs,
                        .min_request_gap_ms = 0,
                        .run =
                            [&] {
                              ++rarely;
                              return Result<void>();
                            }}},
                      clock_, log_);
  refresher.start();
  EXPECT_TRUE(reaches(often, 5));
  EXPECT_EQ(rarely, 1);
}

TEST_F(RefresherTest, tries_a_failed_task_again_long_before_its_interval) {
  std::atomic<int> runs{0};
  Refresher refresher(
      {{.step = "keys",
        .interval_ms = kHourMs,
        .min_request_gap_ms = 0,
        .run =
            [&] {
              return ++runs == 1 ? Result<void>(Error{ErrorCode::kIo, "not there yet"}) : Result<void>();
            }}},
      clock_, log_);
  refresher.start();
  EXPECT_TRUE(reaches(runs, 2));
  ::usleep(20'000);
  EXPECT_EQ(runs, 2) << "after a success the interval counts";
}

TEST_F(RefresherTest, runs_on_request_but_not_more_often_than_the_gap) {
  std::atomic<int> free_runs{0}, gapped_runs{0};
  Refresher refresher({{.step = "free",
                        .interval_ms = kHourMs,
                        .min_request_gap_ms = 0,
                        .run =
                            [&] {
                              ++free_runs;
                              return Result<void>();
                            }},
                       {.step = "gapped",
                        .interval_ms = kHourMs,
                        .min_request_gap_ms = kHourMs,
                        .run =
                            [&] {
                              ++gapped_runs;
                              return Result<void>();
                            }}},
                      clock_, log_);
  refresher.start();
  ASSERT_TRUE(reaches(free_runs, 1));
  ASSERT_TRUE(reaches(gapped_runs, 1));
  for (int i = 0; i < 100; ++i) refresher.request(1);
  refresher.request(0);
  EXPECT_TRUE(reaches(free_runs, 2));
  EXPECT_EQ(gapped_runs, 1);
}

}  // namespace
}  // namespace nes::service
