#include <charconv>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/json_text.h"
#include "telemetry/otlp_encoder.h"

namespace nes::telemetry {
namespace {

class JsonEncoder final : public OtlpEncoder {
 public:
  void begin(OtlpField field) override {
    name(field);
    open('{');
  }
  void end() override { close('}'); }
  void begin_list(OtlpField field) override {
    name(field);
    open('[');
  }
  void begin_item() override {
    comma();
    open('{');
  }
  void end_list() override { close(']'); }

  void text(OtlpField field, std::string_view value) override {
    name(field);
    base::append_quoted(out_, value);
  }
  void id(OtlpField field, ByteView value) override { text(field, base::hex_encode(value)); }
  void boolean(OtlpField field, bool value) override {
    name(field);
    out_ += value ? "true" : "false";
  }
  void small(OtlpField field, std::uint32_t value) override {
    name(field);
    out_ += std::to_string(value);
  }
  void integer(OtlpField field, std::int64_t value) override {
    name(field);
    quoted(value);
  }
  void fixed64(OtlpField field, std::uint64_t value) override {
    name(field);
    quoted(value);
  }
  void fixed32(OtlpField field, std::uint32_t value) override { small(field, value); }
  void real(OtlpField field, double value) override {
    name(field);
    number(value);
  }
  void fixed64s(OtlpField field, std::span<const std::uint64_t> values) override {
    begin_list(field);
    for (const std::uint64_t value : values) {
      comma();
      quoted(value);
    }
    end_list();
  }
  void reals(OtlpField field, std::span<const double> values) override {
    begin_list(field);
    for (const double value : values) {
      comma();
      number(value);
    }
    end_list();
  }

  std::string take() override {
    NES_CHECK(depth_ == 0);
    return std::move(out_) + "}";
  }

 private:
  void comma() {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
  }
  void name(OtlpField field) {
    comma();
    out_ += '"';
    out_ += field.name;
    out_ += "\":";
  }
  void open(char bracket) {
    out_ += bracket;
    ++depth_;
  }
  void close(char bracket) {
    NES_CHECK(depth_ != 0);
    out_ += bracket;
    --depth_;
  }
  template <typename T>
  void quoted(T value) {
    out_ += '"';
    out_ += std::to_string(value);
    out_ += '"';
  }
  void number(double value) {
    NES_CHECK(std::isfinite(value));
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    NES_CHECK(error == std::errc());
    out_.append(text, end);
  }

  std::string out_ = "{";
  std::size_t depth_ = 0;
};

}  // namespace

std::unique_ptr<OtlpEncoder> otlp_json() { return std::make_unique<JsonEncoder>(); }

}  // namespace nes::telemetry
