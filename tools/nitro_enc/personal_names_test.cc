#include "tools/nitro_enc/personal_names.h"

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

using Words = std::vector<std::string>;

TEST(PersonalNames, are_split_into_words_however_they_are_joined) {
  for (const std::string_view name : {"cardNumber", "card_number", "CARD-NUMBER", "card.number2",
                                      "CardNumbers", " card  number ", "cards_number"})
    EXPECT_EQ(words_of(name), (Words{"card", "number"})) << name;
  EXPECT_EQ(words_of("IBANNumber"), (Words{"iban", "number"}));
  EXPECT_EQ(words_of("customerIBAN"), (Words{"customer", "iban"}));
  EXPECT_EQ(words_of("ssn"), (Words{"ssn"}));
  EXPECT_EQ(words_of("addresses"), words_of("address"));
  EXPECT_EQ(words_of(""), Words{});
  EXPECT_EQ(words_of("_1_"), Words{});
}

TEST(PersonalNames, are_told_what_they_usually_hold) {
  EXPECT_EQ(personal_by_name("customerEmail"), "an e-mail address");
  EXPECT_EQ(personal_by_name("billing_address"), "an address");
  EXPECT_EQ(personal_by_name("emailAddress"), "an e-mail address");  // the longer entry of the table wins
  EXPECT_EQ(personal_by_name("PAN"), "a card number");
  EXPECT_EQ(personal_by_name("cardNumber"), "a card number");
  EXPECT_EQ(personal_by_name("date_of_birth"), "a date of birth");
  EXPECT_EQ(personal_by_name("tax_ids"), "a tax number");
  EXPECT_EQ(personal_by_name("client_ip_address"), "a network address");
  EXPECT_EQ(personal_by_name("cardHolder"), "a person's name");
  EXPECT_EQ(personal_by_name("passportNo"), "a passport number");
}

TEST(PersonalNames, leave_other_names_alone) {
  for (const std::string_view name :
       {"", "name", "amount", "panel", "expand", "spinning", "phonetic", "addressee", "card", "number",
        "number_card", "birth", "status", "testing", "options"})
    EXPECT_EQ(personal_by_name(name), "") << name;
}

TEST(PersonalNames, know_formats_in_their_exact_spelling) {
  EXPECT_EQ(personal_by_format("email"), "an e-mail address");
  EXPECT_EQ(personal_by_format("ipv6"), "a network address");
  for (const std::string_view format : {"", "uuid", "date", "date-time", "Email", "uri"})
    EXPECT_EQ(personal_by_format(format), "") << format;
}

}  // namespace
}  // namespace nes::nitro_enc
