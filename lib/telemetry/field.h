// The types that a field of an event may have. There is none for text in general: what a request brings in
// has no way into a log line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace nes::telemetry {

// Text that operators chose, not clients: a value of the configuration, the name of a schema that is loaded,
// a key's id, a pattern of a client list. Each maker names its source, so that grep finds every one.
class OperatorText {
 public:
  static OperatorText configuration(std::string_view text) { return OperatorText(text); }
  static OperatorText loaded_schema(std::string_view name) { return OperatorText(name); }
  static OperatorText allowed_client(std::string_view san) { return OperatorText(san); }
  static OperatorText key_id(std::string_view kid) { return OperatorText(kid); }
  std::string_view view() const noexcept { return text_; }

 private:
  explicit OperatorText(std::string_view text) noexcept : text_(text) {}
  std::string_view text_;
};

// Takes the fields of one event.
class FieldWriter {
 public:
  virtual ~FieldWriter() = default;
  virtual void operator()(std::string_view name, std::uint64_t value) = 0;
  virtual void operator()(std::string_view name, std::int64_t value) = 0;
  virtual void operator()(std::string_view name, bool value) = 0;
  virtual void operator()(std::string_view name, ErrorCode value) = 0;
  virtual void operator()(std::string_view name, base::StaticText value) = 0;
  virtual void operator()(std::string_view name, OperatorText value) = 0;
};

// As JSON members, each after a comma.
class JsonFieldWriter final : public FieldWriter {
 public:
  explicit JsonFieldWriter(std::string& out) noexcept : out_(out) {}
  void operator()(std::string_view name, std::uint64_t value) override;
  void operator()(std::string_view name, std::int64_t value) override;
  void operator()(std::string_view name, bool value) override;
  void operator()(std::string_view name, ErrorCode value) override;
  void operator()(std::string_view name, base::StaticText value) override;
  void operator()(std::string_view name, OperatorText value) override;

 private:
  void key(std::string_view name);
  std::string& out_;
};

}  // namespace nes::telemetry
