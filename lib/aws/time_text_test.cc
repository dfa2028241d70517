#include "aws/time_text.h"

#include <gtest/gtest.h>

namespace nes::aws {
namespace {

constexpr std::int64_t kTimeMs = 1'767'323'045'000;  // 2026-01-02T03:04:05Z

TEST(TimeText, reads_both_forms_of_one_time) {
  EXPECT_EQ(parse_rfc3339_ms("2026-01-02T03:04:05Z"), kTimeMs);
  EXPECT_EQ(parse_rfc3339_ms("2026-01-02T03:04:05.123456789Z"), kTimeMs);
  EXPECT_EQ(parse_http_date_ms("Fri, 02 Jan 2026 03:04:05 GMT"), kTimeMs);
  EXPECT_EQ(parse_http_date_ms("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777'000);  // RFC 9110's example
  EXPECT_EQ(parse_rfc3339_ms("2024-02-29T00:00:00Z"), 1'709'164'800'000);
  EXPECT_EQ(parse_rfc3339_ms("1970-01-01T00:00:00Z"), 0);
}

TEST(TimeText, refuses_other_spellings_and_days_that_are_not) {
  for (const char* text :
       {"", "2026-01-02T03:04:05", "2026-01-02T03:04:05+00:00", "2026-01-02 03:04:05Z",
        "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.1234567890Z", "2026-01-02T03:04:05,1Z",
        "2026-13-02T03:04:05Z", "2026-02-29T03:04:05Z", "2026-01-00T03:04:05Z", "2026-01-02T24:04:05Z",
        "2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "1969-12-31T23:59:59Z", "2026-01-02T03:04:05Zx"})
    EXPECT_FALSE(parse_rfc3339_ms(text)) << text;
  for (const char* text :
       {"", "Fri, 02 Jan 2026 03:04:05 UTC", "Fri, 2 Jan 2026 03:04:05 GMT", "Friday, 02-Jan-26 03:04:05 GMT",
        "Fri, 02 jan 2026 03:04:05 GMT", "Fri, 31 Feb 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03:04:05 GMT "})
    EXPECT_FALSE(parse_http_date_ms(text)) << text;
}

TEST(TimeText, writes_dates_of_http) {
  EXPECT_EQ(format_http_date(kTimeMs + 999), "Fri, 02 Jan 2026 03:04:05 GMT");
  EXPECT_EQ(format_http_date(784'111'777'000), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's example
}

TEST(TimeText, writes_and_reads_sigv4_dates) {
  EXPECT_EQ(format_amz_date(kTimeMs + 999), "20260102T030405Z");
  EXPECT_EQ(parse_amz_date_ms("20260102T030405Z"), kTimeMs);
  for (const char* text : {"", "20260102T030405", "20260102 030405Z", "20260102T030405z", "20261302T030405Z",
                           "20260102T240405Z", "20260102T030405ZZ", "2026010aT030405Z"})
    EXPECT_FALSE(parse_amz_date_ms(text)) << text;
}

}  // namespace
}  // namespace nes::aws
