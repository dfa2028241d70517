#include "enclave/init/image_files.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::init {
namespace {

using namespace std::string_view_literals;
using Lines = std::vector<std::string>;

TEST(Command, is_a_program_and_its_arguments_a_line_each) {
  EXPECT_EQ(*parse_command("/bin/a\n"), Lines({"/bin/a"}));
  EXPECT_EQ(*parse_command("/bin/a"), Lines({"/bin/a"}));
  EXPECT_EQ(*parse_command("a\n-x  y\n\"z\"\n"), Lines({"a", "-x  y", "\"z\""})) << "there is no quoting";
}

TEST(Command, keeps_an_empty_argument) {
  EXPECT_EQ(*parse_command("a\n\nb\n"), Lines({"a", "", "b"}));
  EXPECT_EQ(*parse_command("a\n\n"), Lines({"a", ""}));
}

TEST(Command, refuses_no_program_and_a_nul) {
  for (const std::string_view text : {""sv, "\n"sv, "\na\n"sv}) {
    const auto command = parse_command(text);
    ASSERT_FALSE(command.ok()) << text;
    EXPECT_EQ(command.error().code, ErrorCode::kMalformed);
  }
  const auto command = parse_command("a\nb\0c\n"sv);
  ASSERT_FALSE(command.ok());
  EXPECT_EQ(command.error().position, 2U);
}

TEST(Command, takes_as_many_lines_as_the_limit_and_no_more) {
  std::string text;
  for (std::size_t i = 0; i < limits::kInitEntries; ++i) text += "x\n";
  ASSERT_TRUE(parse_command(text).ok());
  EXPECT_EQ(parse_command(text)->size(), limits::kInitEntries);
  const auto command = parse_command(text + "x");
  ASSERT_FALSE(command.ok());
  EXPECT_EQ(command.error().code, ErrorCode::kLimit);
}

TEST(Environment, is_a_variable_a_line) {
  EXPECT_EQ(*parse_environment(""), Lines());
  EXPECT_EQ(*parse_environment("A=1\nB=\nC=x=y z\n"), Lines({"A=1", "B=", "C=x=y z"}));
}

TEST(Environment, refuses_what_is_no_variable_with_its_line) {
  for (const std::string_view text :
       {"A=1\nB\n"sv, "A=1\n=2\n"sv, "A=1\n\nB=2\n"sv, "A=1\nA=2\n"sv, "A=1\nB=\0\n"sv}) {
    const auto environment = parse_environment(text);
    ASSERT_FALSE(environment.ok()) << text;
    EXPECT_EQ(environment.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(environment.error().position, 2U);
  }
}

TEST(UserOfTheProgram, is_two_numbers) {
  EXPECT_EQ(*parse_user("0:0"), (User{0, 0}));
  EXPECT_EQ(*parse_user("1000:100\n"), (User{1000, 100}));
  EXPECT_EQ(*parse_user("4294967294:4294967294"), (User{4294967294U, 4294967294U}));
}

TEST(UserOfTheProgram, refuses_every_other_spelling) {
  for (const std::string_view text : {"",
                                      "\n",
                                      ":",
                                      "1",
                                      "1:",
                                      ":1",
                                      "1:1:1",
                                      "01:1",
                                      "1:00",
                                      "+1:1",
                                      "-1:1",
                                      " 1:1",
                                      "1:1 ",
                                      "1:1\n\n",
                                      "0x1:1",
                                      "root:root",
                                      "4294967295:1",
                                      "1:4294967295",
                                      "4294967296:1",
                                      "99999999999999999999:1"})
    EXPECT_FALSE(parse_user(text).ok()) << text;
}

TEST(WorkingDirectory, is_one_absolute_path) {
  EXPECT_EQ(*parse_directory("/"), "/");
  EXPECT_EQ(*parse_directory("/srv/a b\n"), "/srv/a b");
}

TEST(WorkingDirectory, refuses_what_is_relative_or_more_than_a_line) {
  for (const std::string_view text : {""sv, "\n"sv, "srv"sv, "./srv"sv, "/a\n/b"sv, "/a\n\n"sv, "/a\0b"sv})
    EXPECT_FALSE(parse_directory(text).ok()) << text;
}

TEST(Variable, is_found_by_its_whole_name_and_counts_as_unset_when_empty) {
  const Lines environment = {"AB=1", "A=2", "C=", "D"};
  EXPECT_EQ(variable(environment, "A"), "2");
  EXPECT_EQ(variable(environment, "AB"), "1");
  for (const std::string_view name : {"B", "C", "D", "a"})
    EXPECT_EQ(variable(environment, name), std::nullopt);
}

TEST(Loopback, comes_up_only_if_asked) {
  EXPECT_FALSE(*wants_loopback({}));
  EXPECT_FALSE(*wants_loopback({"ENCLAVE_INIT_LO="}));
  EXPECT_FALSE(*wants_loopback({"ENCLAVE_INIT_LOW=1"}));
  EXPECT_TRUE(*wants_loopback({"PATH=/bin", "ENCLAVE_INIT_LO=1"}));
  for (const char* text : {"ENCLAVE_INIT_LO=0", "ENCLAVE_INIT_LO=true", "ENCLAVE_INIT_LO=11"})
    EXPECT_FALSE(wants_loopback({text}).ok()) << text;
}

}  // namespace
}  // namespace nes::init
