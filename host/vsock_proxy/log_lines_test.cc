#include "host/vsock_proxy/log_lines.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::vsock_proxy {
namespace {

class LogLinesTest : public testing::Test {
 protected:
  std::vector<std::string> printed_;
  LineRate unbounded_{0};
  LogLines lines_{unbounded_, [this](std::string_view line) { printed_.emplace_back(line); }};
};

TEST_F(LogLinesTest, come_out_as_they_went_in_however_they_were_cut) {
  const std::string text = "{\"seq\":1,\"a\":\"x\"}\n\n{\"seq\":2}\nlast";
  for (const char c : text) lines_.feed({&c, 1}, 0);
  lines_.finish(0);
  EXPECT_EQ(printed_, (std::vector<std::string>{"{\"seq\":1,\"a\":\"x\"}", "", "{\"seq\":2}", "last"}));
}

TEST_F(LogLinesTest, lose_the_bytes_that_could_steer_a_terminal) {
  lines_.feed("a\x1B[2Jb\rc\td\x7F\n", 0);
  EXPECT_EQ(printed_, std::vector<std::string>{"a?[2Jb?c?d?"});
}

TEST_F(LogLinesTest, are_cut_at_their_bound) {
  lines_.feed(std::string(limits::kForwardedLineBytes, 'x') + "\n", 0);
  lines_.feed(std::string(limits::kForwardedLineBytes + 1, 'x') + "\nnext\n", 0);
  ASSERT_EQ(printed_.size(), 3U);
  EXPECT_EQ(printed_[0].size(), limits::kForwardedLineBytes);
  EXPECT_EQ(printed_[1], std::string(limits::kForwardedLineBytes, 'x') + "…");
  EXPECT_EQ(printed_[2], "next");
}

TEST_F(LogLinesTest, tell_what_is_missing_between_two) {
  lines_.feed("{\"seq\":7}\n{\"seq\":8}\n{\"seq\":11}\nno number\n{\"seq\":12}\n{\"seq\":1}\n{\"seq\":2}\n",
              0);
  EXPECT_EQ(printed_,
            (std::vector<std::string>{
                "{\"seq\":7}", "{\"seq\":8}", "{\"level\":\"warn\",\"event\":\"log_gap\",\"missing\":2}",
                "{\"seq\":11}", "no number", "{\"seq\":12}", "{\"seq\":1}", "{\"seq\":2}"}))
      << "a first line begins a stream, and numbers that fall begin a boot";
}

TEST(LineRate, bounds_a_second_and_tells_what_was_dropped) {
  std::vector<std::string> printed;
  LineRate rate(2);
  LogLines lines(rate, [&](std::string_view line) { printed.emplace_back(line); });
  lines.feed("a\nb\nc\nd\n", 5'000);
  EXPECT_EQ(printed, (std::vector<std::string>{"a", "b"}));
  lines.feed("e\n", 5'999);
  lines.feed("f\n", 6'000);
  EXPECT_EQ(printed, (std::vector<std::string>{
                         "a", "b", "{\"level\":\"warn\",\"event\":\"log_lines_dropped\",\"count\":3}", "f"}));
}

}  // namespace
}  // namespace nes::vsock_proxy
