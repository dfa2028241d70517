#include "enclave/service/batch_input.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::service {
namespace {

// What the slices of an input say, line by line: "number:text", "$" behind it for an LF, "!" for a skipped
// one.
std::vector<std::string> lines_of(BatchInput& input, std::vector<std::string> lines = {}) {
  while (input.has_lines()) {
    BatchSlice slice;
    input.cut(slice);
    std::uint64_t number = slice.first_line;
    for_each_line(as_text(slice.input.reveal()), slice.skipped,
                  [&](std::string_view line, bool ends_in_lf, std::optional<ErrorCode> code) {
                    lines.push_back(std::to_string(number++) + ":" + std::string(line) + (code ? "!" : "") +
                                    (ends_in_lf ? "$" : ""));
                  });
  }
  return lines;
}

std::vector<std::string> lines_of(std::string_view text, std::size_t step, std::uint64_t max_line_bytes,
                                  bool cut_early = false) {
  BatchInput input(max_line_bytes);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at += step) {
    const std::string_view piece = text.substr(at, step);
    input.append({piece.data(), piece.size()});
    if (cut_early) lines = lines_of(input, std::move(lines));
  }
  input.end();
  return lines_of(input, std::move(lines));
}

using Lines = std::vector<std::string>;

TEST(BatchInput, has_the_same_lines_however_it_is_split_and_cut) {
  const std::string text = "one\n\ntwo two\r\nmuch too long a line\n3\nlonger than ten\nend";
  const Lines expected{"1:one$", "2:$", "3:two two\r$", "4:!$", "5:3$", "6:!$", "7:end"};
  for (std::size_t step = 1; step <= text.size(); ++step) {
    for (const bool cut_early : {false, true}) {
      Lines lines = lines_of(text, step, 10, cut_early);
      ASSERT_EQ(lines.size(), expected.size()) << step;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        // A long line that came with its end is left whole: whoever works on it refuses it.
        if (expected[i].ends_with("!$") && lines[i].size() > 10) continue;
        EXPECT_EQ(lines[i], expected[i]) << step;
      }
    }
  }
}

TEST(BatchInput, has_no_line_behind_the_last_lf) {
  EXPECT_EQ(lines_of("", 1, 10), Lines{});
  EXPECT_EQ(lines_of("\n", 1, 10), Lines{"1:$"});
  EXPECT_EQ(lines_of("a\n", 1, 10), Lines{"1:a$"});
  EXPECT_EQ(lines_of("a\n\n", 1, 10), (Lines{"1:a$", "2:$"}));
  EXPECT_EQ(lines_of("a\nb", 1, 10), (Lines{"1:a$", "2:b"}));
}

TEST(BatchInput, bounds_a_line_exactly_and_keeps_nothing_of_a_longer_one) {
  EXPECT_EQ(lines_of("0123456789\nx", 1, 10), (Lines{"1:0123456789$", "2:x"}));
  EXPECT_EQ(lines_of("0123456789a\nx", 1, 10), (Lines{"1:!$", "2:x"}));
  EXPECT_EQ(lines_of("x\n0123456789a", 1, 10), (Lines{"1:x$", "2:!"}));
  BatchInput input(10);
  const std::string piece(100, 'x');
  for (int i = 0; i < 1000; ++i) {
    input.append({piece.data(), piece.size()});
    EXPECT_EQ(input.held(), 0U);
  }
  EXPECT_FALSE(input.has_lines()) << "it has not ended";
}

TEST(BatchInput, cuts_slices_at_the_first_end_of_a_line_behind_their_size) {
  BatchInput input(10'000'000);
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += "line " + std::to_string(i) + "\n";
  input.append({text.data(), text.size()});
  std::string together;
  std::uint64_t line = 1;
  while (input.has_lines()) {
    BatchSlice slice;
    input.cut(slice);
    EXPECT_EQ(slice.first_line, line);
    const std::string_view part = as_text(slice.input.reveal());
    EXPECT_EQ(part.back(), '\n');
    EXPECT_LT(part.size(), limits::kBatchSliceBytes + 20);
    line += static_cast<std::uint64_t>(std::count(part.begin(), part.end(), '\n'));
    together += part;
  }
  EXPECT_EQ(together, text);
}

TEST(BatchInput, skips_a_line_when_told_to) {
  BatchInput input(100);
  input.append(std::string_view("a\nbeg"));
  EXPECT_EQ(input.begun_line_bytes(), 3U);
  input.skip_line(ErrorCode::kOverloaded);
  input.append(std::string_view("un\nc"));
  input.end();
  EXPECT_EQ(lines_of(input), (Lines{"1:a$", "2:!$", "3:c"}));
}

}  // namespace
}  // namespace nes::service
