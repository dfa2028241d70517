// What a client asks for with Prefer (RFC 7240), of what this service knows.
//
// Names are compared without regard to case, values with it. Of a preference that comes several times, over
// all fields in their order, the first counts; preferences and values that are not known are ignored, as RFC
// 7240 section 2 asks. A field that is no list of preferences is an error, so that none is lost in silence.
#pragma once

#include <cstdint>
#include <string_view>

namespace nes::http {

enum class Handling : std::uint8_t { kDefault, kStrict, kLenient };

class Preferences {
 public:
  // Takes one field's value. False, for good, if it is malformed.
  bool add(std::string_view field_value) noexcept;

  Handling handling = Handling::kDefault;
  bool keep_sealed = false;  // sealed=keep

 private:
  void note(std::string_view name, std::string_view value) noexcept;

  bool saw_handling_ = false;
  bool saw_sealed_ = false;
};

// The value of Preference-Applied (RFC 7240 section 3); empty if none was.
std::string_view preference_applied(Handling handling, bool keep_sealed) noexcept;

}  // namespace nes::http
