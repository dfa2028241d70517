#include "devkit/aws_emulator/json_object.h"

#include <cstdio>

#include "base/json_text.h"

namespace nes::aws_emulator {

void JsonObject::begin(std::string_view name) {
  if (out_.size() > 1) out_ += ',';
  base::append_quoted(out_, name);
  out_ += ':';
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  begin(name);
  base::append_quoted(out_, value);
  return *this;
}

JsonObject& JsonObject::texts(std::string_view name, std::span<const std::string> values) {
  begin(name);
  out_ += '[';
  for (const std::string& value : values) {
    if (out_.back() != '[') out_ += ',';
    base::append_quoted(out_, value);
  }
  out_ += ']';
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::int64_t value) {
  return this->value(name, std::to_string(value));
}

JsonObject& JsonObject::flag(std::string_view name, bool value) {
  return this->value(name, value ? "true" : "false");
}

JsonObject& JsonObject::time(std::string_view name, std::int64_t unix_ms) {
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03d", static_cast<int>(unix_ms % 1000));
  return value(name, std::to_string(unix_ms / 1000) + fraction);
}

JsonObject& JsonObject::value(std::string_view name, std::string_view json) {
  begin(name);
  out_ += json;
  return *this;
}

JsonObject& JsonObject::list(std::string_view name, std::span<const std::string> json_values) {
  begin(name);
  out_ += '[';
  for (const std::string& json : json_values) {
    if (out_.back() != '[') out_ += ',';
    out_ += json;
  }
  out_ += ']';
  return *this;
}

}  // namespace nes::aws_emulator
