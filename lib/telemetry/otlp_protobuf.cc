// The encoding of protobuf: https://protobuf.dev/programming-guides/encoding/
#include <bit>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "telemetry/otlp_encoder.h"

namespace nes::telemetry {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kI64 = 1, kLen = 2, kI32 = 5 };

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

template <typename T>
void append_little_endian(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// What nearly all text is, told without looking at each byte on its own.
bool is_ascii(std::string_view text) noexcept {
  unsigned char any = 0;
  for (const char c : text) any |= static_cast<unsigned char>(c);
  return any < 0x80;
}

class ProtobufEncoder final : public OtlpEncoder {
 public:
  void begin(OtlpField field) override {
    key(field, kLen);
    out_.push_back('\0');  // for its length, which is mostly below 128
    open_.push_back(out_.size());
  }
  void end() override {
    NES_CHECK(!open_.empty());
    const std::size_t at = open_.back(), size = out_.size() - at;
    open_.pop_back();
    if (size < 0x80) {
      out_[at - 1] = static_cast<char>(size);
      return;
    }
    std::string length;
    append_varint(length, size);
    out_.replace(at - 1, 1, length);
  }
  void begin_list(OtlpField field) override { lists_.push_back(field); }
  void begin_item() override {
    NES_CHECK(!lists_.empty());
    begin(lists_.back());
  }
  void end_list() override {
    NES_CHECK(!lists_.empty());
    lists_.pop_back();
  }

  void text(OtlpField field, std::string_view value) override {
    if (is_ascii(value) || base::is_utf8(value)) return bytes(field, value);
    std::string mended;
    while (!value.empty()) {
      const std::size_t size = base::utf8_sequence_size(value);
      mended += size == 0 ? std::string_view("\xEF\xBF\xBD") : value.substr(0, size);
      value.remove_prefix(size == 0 ? 1 : size);
    }
    bytes(field, mended);
  }
  void id(OtlpField field, ByteView value) override { bytes(field, as_text(value)); }
  void boolean(OtlpField field, bool value) override { small(field, value ? 1 : 0); }
  void small(OtlpField field, std::uint32_t value) override {
    key(field, kVarint);
    append_varint(out_, value);
  }
  void integer(OtlpField field, std::int64_t value) override {
    key(field, kVarint);
    append_varint(out_, static_cast<std::uint64_t>(value));
  }
  void fixed64(OtlpField field, std::uint64_t value) override {
    key(field, kI64);
    append_little_endian(out_, value);
  }
  void fixed32(OtlpField field, std::uint32_t value) override {
    key(field, kI32);
    append_little_endian(out_, value);
  }
  void real(OtlpField field, double value) override { fixed64(field, std::bit_cast<std::uint64_t>(value)); }
  void fixed64s(OtlpField field, std::span<const std::uint64_t> values) override {
    key(field, kLen);
    append_varint(out_, 8 * values.size());
    for (const std::uint64_t value : values) append_little_endian(out_, value);
  }
  void reals(OtlpField field, std::span<const double> values) override {
    key(field, kLen);
    append_varint(out_, 8 * values.size());
    for (const double value : values) append_little_endian(out_, std::bit_cast<std::uint64_t>(value));
  }

  std::string take() override {
    NES_CHECK(open_.empty() && lists_.empty());
    return std::move(out_);
  }

 private:
  void bytes(OtlpField field, std::string_view value) {
    key(field, kLen);
    append_varint(out_, value.size());
    out_ += value;
  }
  void key(OtlpField field, WireType type) { append_varint(out_, field.number << 3 | type); }

  std::string out_;
  std::vector<std::size_t> open_;  // where each message that has begun starts
  std::vector<OtlpField> lists_;
};

}  // namespace

std::unique_ptr<OtlpEncoder> otlp_protobuf() { return std::make_unique<ProtobufEncoder>(); }

}  // namespace nes::telemetry
