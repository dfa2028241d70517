// The JSON that the program prints: one value, two spaces an indentation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nes::nitro_enc {

// Members and elements in the order of the calls. Calls that do not make one JSON value abort.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{', '}'); }
  JsonWriter& begin_array() { return open('[', ']'); }
  JsonWriter& end();
  JsonWriter& key(std::string_view name);

  JsonWriter& string(std::string_view text);
  JsonWriter& number(std::uint64_t value) { return raw(std::to_string(value)); }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  // A number as another document spelled it. It must be one.
  JsonWriter& number_text(std::string_view text) { return raw(text); }

  // With a line end, once everything that was begun has ended.
  std::string finish() &&;

 private:
  JsonWriter& open(char opener, char closer);
  JsonWriter& raw(std::string_view text);
  void separate();

  std::string out_;
  std::vector<char> closers_;
  bool is_first_ = true;
  bool has_key_ = false;
};

}  // namespace nes::nitro_enc
