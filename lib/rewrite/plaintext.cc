#include "rewrite/plaintext.h"

#include <cstddef>
#include <optional>

#include "base/check.h"
#include "json/literal.h"

namespace nes::rewrite {
namespace {

constexpr std::uint8_t kUnescaped = 's';
constexpr std::uint8_t kRaw = 'r';
constexpr std::uint8_t kJson = 'j';

char* text_at(secret::SecretBytes& bytes, std::size_t offset) noexcept {
  return reinterpret_cast<char*>(bytes.reveal_mutable().data() + offset);
}

void append_quoted(std::string_view inner, secret::SecretBytes& out) {
  out.push_back('"');
  out.append(as_bytes(inner));
  out.push_back('"');
}

}  // namespace

void encode_plaintext(std::string_view literal, json::ValueType type, bool deterministic,
                      secret::SecretBytes& out) {
  NES_CHECK(type != json::ValueType::kNull);
  if (type != json::ValueType::kString) {
    out.push_back(kJson);
    out.append(as_bytes(literal));
    return;
  }
  const std::string_view inner = literal.substr(1, literal.size() - 2);
  if (deterministic || json::is_canonical(inner)) {
    const std::size_t former_size = out.size();
    out.push_back(kUnescaped);
    out.resize(former_size + 1 + inner.size());
    if (const auto size = json::unescape_to(inner, text_at(out, former_size + 1))) {
      out.resize(former_size + 1 + *size);
      return;
    }
    out.resize(former_size);  // a lone surrogate: no UTF-8 stands for it
  }
  out.push_back(kRaw);
  out.append(as_bytes(inner));
}

// A canonical literal is always written as `s`, and a string or null never as `j`: such plaintexts, though
// sealed under our key, are not ours, and two plaintexts must not stand for one value in one mode.
Result<void> decode_plaintext(ByteView plaintext, secret::SecretBytes& out) {
  constexpr Error kRejected{ErrorCode::kTokenRejected, "a plaintext is not of the form that sealing writes"};
  if (plaintext.empty()) return kRejected;
  const std::string_view text = as_text(plaintext.subspan(1));
  switch (plaintext[0]) {
    case kUnescaped: {
      if (!json::is_valid_utf8(text)) return kRejected;
      const std::size_t size = json::canonical_size(text);
      out.push_back('"');
      const std::size_t at = out.size();
      out.resize(at + size);
      json::write_canonical(text, text_at(out, at));
      out.push_back('"');
      return {};
    }
    case kRaw:
      if (!json::is_valid_inner(text) || json::is_canonical(text)) return kRejected;
      append_quoted(text, out);
      return {};
    case kJson:
      if (!json::is_valid_value(text) || text[0] == '"' || text[0] == 'n') return kRejected;
      out.append(as_bytes(text));
      return {};
    default: return kRejected;
  }
}

}  // namespace nes::rewrite
