#include "aws/time_text.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/check.h"
#include "base/clock.h"

namespace nes::aws {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `text` has the shape of `pattern`, in which `0` stands for any digit and `a` for any letter.
bool has_shape(std::string_view text, std::string_view pattern) {
  return std::equal(text.begin(), text.end(), pattern.begin(), pattern.end(), [](char c, char expected) {
    if (expected == '0') return is_digit(c);
    if (expected == 'a') return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return c == expected;
  });
}

// Of characters that are known to be digits.
int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// `clock_text` is 03:04:05. A leap second is taken for the one before it.
std::optional<std::int64_t> to_ms(int year, int month, int day, std::string_view clock_text) {
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  const int hour = number(clock_text.substr(0, 2));
  const int minute = number(clock_text.substr(3, 2));
  const int second = number(clock_text.substr(6, 2));
  if (year < 1970 || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute) * 60 + std::min(second, 59)) * 1000;
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text) {
  constexpr std::size_t kSeconds = 19;  // up to and with them
  if (text.size() <= kSeconds || !text.ends_with('Z') ||
      !has_shape(text.substr(0, kSeconds), "0000-00-00T00:00:00"))
    return std::nullopt;
  std::string_view fraction = text.substr(kSeconds, text.size() - kSeconds - 1);
  if (!fraction.empty()) {
    if (fraction.front() != '.') return std::nullopt;
    fraction.remove_prefix(1);
    if (fraction.empty() || fraction.size() > 9 || !std::all_of(fraction.begin(), fraction.end(), is_digit))
      return std::nullopt;
  }
  return to_ms(number(text.substr(0, 4)), number(text.substr(5, 2)), number(text.substr(8, 2)),
               text.substr(11, 8));
}

std::optional<std::int64_t> parse_http_date_ms(std::string_view text) {
  if (!has_shape(text, "aaa, 00 aaa 0000 00:00:00 GMT")) return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  return to_ms(number(text.substr(12, 4)), static_cast<int>(month - kMonths.begin()) + 1,
               number(text.substr(5, 2)), text.substr(17, 8));
}

std::string format_http_date(std::int64_t unix_ms) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const std::string text = base::format_rfc3339(unix_ms);
  const std::string_view view = text;
  const auto days = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(unix_ms)));
  std::string out(kDays[std::chrono::weekday(days).c_encoding()]);
  const auto month = static_cast<std::size_t>(number(view.substr(5, 2)));
  for (const std::string_view part : {std::string_view(", "), view.substr(8, 2), std::string_view(" "),
                                      kMonths[month - 1], std::string_view(" "), view.substr(0, 4),
                                      std::string_view(" "), view.substr(11, 8), std::string_view(" GMT")})
    out += part;
  return out;
}

std::optional<std::int64_t> parse_amz_date_ms(std::string_view text) {
  if (!has_shape(text, "00000000T000000Z")) return std::nullopt;
  const std::string clock_text = std::string(text.substr(9, 2)) + ":" + std::string(text.substr(11, 2)) +
                                 ":" + std::string(text.substr(13, 2));
  return to_ms(number(text.substr(0, 4)), number(text.substr(4, 2)), number(text.substr(6, 2)), clock_text);
}

std::string format_amz_date(std::int64_t unix_ms) {
  const std::string text = base::format_rfc3339(unix_ms);
  std::string compact;
  for (const char c : std::string_view(text).substr(0, 19))
    if (c != '-' && c != ':') compact += c;
  return compact + 'Z';
}

}  // namespace nes::aws
