// What a field's name or format says about it: a table of the names that personal data usually goes by. It
// errs on both sides; it is there so that a forgotten `x-pii` is noticed, not to decide what is personal.
//
// Thread rule: functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nes::nitro_enc {

// The words of a name in lower case, whatever joins them: cardNumber, card_number, CARD-NUMBER and
// card.number2 are `card`, `number`. A plural's s at the end of a word is dropped from words of three letters
// and more.
std::vector<std::string> words_of(std::string_view name);

// What a field of this name most likely holds ("an e-mail address"); empty if nothing is known of it.
std::string_view personal_by_name(std::string_view name);
// The same of a `format` of JSON Schema or of OpenAPI's registry.
std::string_view personal_by_format(std::string_view format) noexcept;

}  // namespace nes::nitro_enc
