#include "tools/nitro_enc/command.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tools/nitro_enc/commands.h"

namespace nes::nitro_enc {
namespace {

struct Outcome {
  Status status;
  std::string out;
  std::string err;
};

Outcome run_words(std::vector<std::string_view> words) {
  static const std::vector<Command> commands{
      {"box",
       "open",
       "opens a box",
       "Details.",
       {{{.name = "key", .value = "KEY", .help = "the key"}}},
       [](const Arguments& arguments, Context& context) {
         context.out << "open " << arguments.text("key");
         return Status::kGood;
       }},
      {"", "fail", "fails", "", {}, [](const Arguments&, Context& context) {
         return context.refuse("it", {ErrorCode::kIo, "the file cannot be opened", 13});
       }}};
  std::ostringstream out;
  std::ostringstream err;
  const base::SystemClock clock;
  Context context{out, err, clock, [](const std::string&) { return std::nullopt; }};
  const Status status = run(commands, words, context);
  return {status, out.str(), err.str()};
}

TEST(Command, is_found_by_one_word_or_by_its_group_and_name) {
  EXPECT_EQ(run_words({"box", "open", "--key", "k"}).out, "open k");
  const Outcome failed = run_words({"fail"});
  EXPECT_EQ(failed.status, Status::kRefused);
  EXPECT_EQ(failed.err, "nitro-enc: it: the file cannot be opened: Permission denied\n");
  EXPECT_EQ(failed.out, "");
}

TEST(Command, answers_help_at_every_level) {
  for (const auto& words : std::vector<std::vector<std::string_view>>{
           {"--help"}, {"-h"}, {"help"}, {"box", "--help"}, {"box", "open", "--help"}, {"fail", "--help"}}) {
    const Outcome outcome = run_words(words);
    EXPECT_EQ(outcome.status, Status::kGood);
    EXPECT_TRUE(outcome.out.starts_with("usage: nitro-enc")) << outcome.out;
    EXPECT_EQ(outcome.err, "");
  }
  EXPECT_NE(run_words({"box", "open", "--help"}).out.find("--key KEY"), std::string::npos);
}

TEST(Command, says_how_it_is_used_if_it_is_not_used_so) {
  for (const auto& words : std::vector<std::vector<std::string_view>>{
           {}, {"box"}, {"nope"}, {"box", "nope"}, {"open"}, {"fail", "x"}, {"box", "open", "--nope"}}) {
    const Outcome outcome = run_words(words);
    EXPECT_EQ(outcome.status, Status::kUsage);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err, "");
  }
}

TEST(Command, shows_its_version) { EXPECT_TRUE(run_words({"--version"}).out.starts_with("nitro-enc ")); }

TEST(Command, explains_positions_that_are_errno_or_http) {
  EXPECT_EQ(describe({ErrorCode::kIo, "the host cannot be reached", 111}),
            "the host cannot be reached: Connection refused");
  EXPECT_EQ(describe({ErrorCode::kIo, "it refuses", 403}), "it refuses (HTTP 403)");
  EXPECT_EQ(describe({ErrorCode::kNotAllowed, "AWS denies access", 400}), "AWS denies access (HTTP 400)");
  EXPECT_EQ(describe({ErrorCode::kMalformed, "no", 7}), "no");
  EXPECT_EQ(describe({ErrorCode::kTimeout, "late"}), "late");
}

// What the table says must fit on a screen and be complete.
TEST(Command, of_the_program_have_a_summary_and_flags_with_help) {
  for (const Command& command : all_commands()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_NE(command.run, nullptr);
    for (const Flag& flag : command.syntax.flags) EXPECT_FALSE(flag.help.empty()) << flag.name;
  }
}

}  // namespace
}  // namespace nes::nitro_enc
