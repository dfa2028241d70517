#include "base/result.h"

#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace nes::base {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error{ErrorCode::kMalformed, "odd", 7};
  return n / 2;
}

Result<int> quarter(int n) {
  NES_TRY_ASSIGN(const int once, half(n));
  NES_TRY(half(once));
  return half(once);
}

TEST(Result, carries_a_value) {
  const auto result = quarter(8);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 2);
}

TEST(Result, carries_the_first_error_up) {
  const auto result = quarter(6);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(result.error().reason.view(), "odd");
  EXPECT_EQ(result.error().position, 7U);
}

TEST(Result, moves_what_cannot_be_copied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(ResultDeathTest, aborts_when_the_wrong_side_is_read) {
  EXPECT_DEATH((void)half(1).value(), "check failed: ok\\(\\)");
  EXPECT_DEATH((void)half(2).error(), "check failed: !ok\\(\\)");
  EXPECT_DEATH(NES_CHECK(1 + 1 == 3), "check failed: 1 \\+ 1 == 3");
}

TEST(ErrorCodes, have_distinct_names) {
  std::set<std::string> names;
  const int count = static_cast<int>(ErrorCode::kMalformed) + 1;
  for (int i = 0; i < count; ++i) names.insert(error_code_name(static_cast<ErrorCode>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
}

}  // namespace
}  // namespace nes::base
