// Writes one JSON object, a member a call, in the order of the calls.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nes::aws_emulator {

class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& texts(std::string_view name, std::span<const std::string> values);
  JsonObject& number(std::string_view name, std::int64_t value);
  JsonObject& flag(std::string_view name, bool value);
  // Seconds since 1970 with milliseconds, as AWS's JSON protocol writes a time.
  JsonObject& time(std::string_view name, std::int64_t unix_ms);
  // `json` is a JSON value; `json_values` are several, which become a list.
  JsonObject& value(std::string_view name, std::string_view json);
  JsonObject& list(std::string_view name, std::span<const std::string> json_values);
  std::string finish() const { return out_ + "}"; }

 private:
  void begin(std::string_view name);
  std::string out_ = "{";
};

}  // namespace nes::aws_emulator
