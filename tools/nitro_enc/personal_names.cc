#include "tools/nitro_enc/personal_names.h"

#include <algorithm>

namespace nes::nitro_enc {
namespace {

struct Known {
  std::string_view words;  // joined by a space; they must stand in a name one after another
  std::string_view what;
};

constexpr Known kNames[] = {
    {"email", "an e-mail address"},
    {"e mail", "an e-mail address"},
    {"email address", "an e-mail address"},
    {"phone", "a telephone number"},
    {"telephone", "a telephone number"},
    {"mobile", "a telephone number"},
    {"msisdn", "a telephone number"},
    {"fax", "a telephone number"},
    {"first name", "a person's name"},
    {"last name", "a person's name"},
    {"full name", "a person's name"},
    {"given name", "a person's name"},
    {"family name", "a person's name"},
    {"middle name", "a person's name"},
    {"maiden name", "a person's name"},
    {"birth name", "a person's name"},
    {"legal name", "a person's name"},
    {"firstname", "a person's name"},
    {"lastname", "a person's name"},
    {"fullname", "a person's name"},
    {"forename", "a person's name"},
    {"surname", "a person's name"},
    {"holder name", "a person's name"},
    {"card holder", "a person's name"},
    {"cardholder", "a person's name"},
    {"account holder", "a person's name"},
    {"customer name", "a person's name"},
    {"patient name", "a person's name"},
    {"address", "an address"},
    {"street", "an address"},
    {"postcode", "an address"},
    {"postal code", "an address"},
    {"post code", "an address"},
    {"zip", "an address"},
    {"zip code", "an address"},
    {"zipcode", "an address"},
    {"latitude", "a place"},
    {"longitude", "a place"},
    {"geolocation", "a place"},
    {"birth date", "a date of birth"},
    {"birthdate", "a date of birth"},
    {"birthday", "a date of birth"},
    {"date of birth", "a date of birth"},
    {"dob", "a date of birth"},
    {"pan", "a card number"},
    {"card number", "a card number"},
    {"cardnumber", "a card number"},
    {"card no", "a card number"},
    {"cvv", "a card's security code"},
    {"cvc", "a card's security code"},
    {"iban", "an account number"},
    {"bban", "an account number"},
    {"account number", "an account number"},
    {"account no", "an account number"},
    {"routing number", "an account number"},
    {"sort code", "an account number"},
    {"ssn", "a social security number"},
    {"social security", "a social security number"},
    {"national id", "a national identity number"},
    {"national insurance", "a social security number"},
    {"nino", "a social security number"},
    {"identity number", "a national identity number"},
    {"id card", "a national identity number"},
    {"personal number", "a national identity number"},
    {"passport", "a passport number"},
    {"driver license", "a driving licence"},
    {"driver licence", "a driving licence"},
    {"driving license", "a driving licence"},
    {"driving licence", "a driving licence"},
    {"tax id", "a tax number"},
    {"tax number", "a tax number"},
    {"taxpayer", "a tax number"},
    {"tin", "a tax number"},
    {"medical record", "a medical record number"},
    {"mrn", "a medical record number"},
    {"insurance number", "an insurance number"},
    {"ip address", "a network address"},
    {"ip addr", "a network address"},
    {"password", "a password"},
    {"passphrase", "a password"},
    {"pin", "a password"},
};

constexpr Known kFormats[] = {
    {"email", "an e-mail address"},   {"idn-email", "an e-mail address"}, {"ipv4", "a network address"},
    {"ipv6", "a network address"},    {"phone", "a telephone number"},    {"password", "a password"},
    {"credit-card", "a card number"}, {"iban", "an account number"},      {"ssn", "a social security number"},
};

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }

std::string joined(const std::vector<std::string>& words) {
  std::string text = " ";
  for (const std::string& word : words) text += word + " ";
  return text;
}

}  // namespace

std::vector<std::string> words_of(std::string_view name) {
  constexpr std::size_t kShortestPlural = 3;
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (word.size() >= kShortestPlural && word.ends_with('s') && !word.ends_with("ss")) word.pop_back();
    // What one drops of `address` and `addresses` must be the same.
    if (word.ends_with("sse")) word.pop_back();
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool has_next_lower = i + 1 < name.size() && is_lower(name[i + 1]);
    // A hump: cardNumber, and the last capital of IBANNumber.
    if (is_upper(c) && i > 0 && (is_lower(name[i - 1]) || (is_upper(name[i - 1]) && has_next_lower)))
      finish();
    if (is_upper(c))
      word += static_cast<char>(c - 'A' + 'a');
    else if (is_lower(c))
      word += c;
    else
      finish();
  }
  finish();
  return words;
}

std::string_view personal_by_name(std::string_view name) {
  const std::string words = joined(words_of(name));
  const Known* best = nullptr;
  for (const Known& known : kNames) {
    const bool is_longer = best == nullptr || known.words.size() > best->words.size();
    if (is_longer && words.find(" " + std::string(known.words) + " ") != std::string::npos) best = &known;
  }
  return best == nullptr ? std::string_view() : best->what;
}

std::string_view personal_by_format(std::string_view format) noexcept {
  for (const Known& known : kFormats)
    if (known.words == format) return known.what;
  return {};
}

}  // namespace nes::nitro_enc
