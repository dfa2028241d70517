#include "http/prefer.h"

#include <gtest/gtest.h>

namespace nes::http {
namespace {

Handling handling_of(std::string_view value) {
  Preferences preferences;
  EXPECT_TRUE(preferences.add(value)) << value;
  return preferences.handling;
}

TEST(Prefer, reads_what_the_service_knows) {
  EXPECT_EQ(handling_of("handling=strict"), Handling::kStrict);
  EXPECT_EQ(handling_of("Handling = \"strict\""), Handling::kStrict);
  EXPECT_EQ(handling_of("\thandling=lenient ;foo; bar=\"a,b;\\\"c\" ,"), Handling::kLenient);
  EXPECT_EQ(handling_of("respond-async, wait=100, handling=lenient"), Handling::kLenient);
  Preferences both;
  EXPECT_TRUE(both.add("sealed=keep,handling=strict"));
  EXPECT_TRUE(both.keep_sealed);
  EXPECT_EQ(both.handling, Handling::kStrict);
}

TEST(Prefer, ignores_what_it_does_not_know) {
  for (const std::string_view value :
       {"", ",", ", ,", "handling", "handling=\"\"", "handling=Strict", "handling=foo", "xhandling=strict",
        "foo=\"handling=strict\"", "foo; handling=strict", "return=minimal"})
    EXPECT_EQ(handling_of(value), Handling::kDefault) << value;
  Preferences preferences;
  EXPECT_TRUE(preferences.add("sealed=Keep, sealed=keep"));
  EXPECT_FALSE(preferences.keep_sealed);
}

TEST(Prefer, takes_the_first_of_several_over_all_fields) {
  Preferences preferences;
  EXPECT_TRUE(preferences.add("handling=strict, HANDLING=lenient"));
  EXPECT_TRUE(preferences.add("handling=lenient, sealed=keep"));
  EXPECT_EQ(preferences.handling, Handling::kStrict);
  EXPECT_TRUE(preferences.keep_sealed);
  EXPECT_EQ(handling_of("handling=foo, handling=strict"), Handling::kDefault);
}

TEST(Prefer, rejects_what_is_no_list_of_preferences) {
  for (const std::string_view value :
       {"=strict", "handling=", "handling=,", "handling=\"strict", "handling=\"strict\\", "handling=strict x",
        "handling strict", "handling=strict;=x", "handling=strict;a=", "@", "handling=\"a\x01\"",
        "\"handling\"", "handling=a=b", "handling=strict/x"}) {
    Preferences preferences;
    EXPECT_FALSE(preferences.add(value)) << value;
  }
}

TEST(Prefer, says_what_was_applied) {
  EXPECT_EQ(preference_applied(Handling::kDefault, false), "");
  EXPECT_EQ(preference_applied(Handling::kDefault, true), "sealed=keep");
  EXPECT_EQ(preference_applied(Handling::kStrict, false), "handling=strict");
  EXPECT_EQ(preference_applied(Handling::kStrict, true), "handling=strict, sealed=keep");
  EXPECT_EQ(preference_applied(Handling::kLenient, false), "handling=lenient");
}

}  // namespace
}  // namespace nes::http
