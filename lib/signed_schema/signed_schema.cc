#include "signed_schema/signed_schema.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/limits.h"
#include "crypto/sha256.h"
#include "json/reader.h"

namespace nes::signed_schema {
namespace {

constexpr std::string_view kDomain = "nes-schema-v1";

Error malformed(base::StaticText reason) noexcept { return {ErrorCode::kMalformed, reason}; }

bool is_version(std::uint64_t version) noexcept { return version >= 1 && version < kMaxVersion; }

// A JSON number has no leading zero, so that digits alone are one spelling of one integer.
std::optional<std::uint64_t> parse_version(std::string_view number) noexcept {
  std::uint64_t version = 0;
  const char* const end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, version);
  if (error != std::errc() || stop != end || !is_version(version)) return std::nullopt;
  return version;
}

Result<std::string_view> value_of(json::Reader& reader, json::EventType type) {
  const auto event = reader.next();
  if (!event.ok()) return malformed("a signature is not JSON");
  if (event->type != type) return malformed("a member of a signature is of a wrong type");
  return event->text;
}

Result<void> read_member(json::Reader& reader, std::string_view name, std::optional<std::uint64_t>& version,
                         std::optional<Bytes>& bytes) {
  if (name == "version" && !version) {
    NES_TRY_ASSIGN(const std::string_view number, value_of(reader, json::EventType::kNumber));
    version = parse_version(number);
    if (!version) return malformed("a signature's version is no integer from 1 to 2^53 - 1");
    return {};
  }
  if (name == "signature" && !bytes) {
    NES_TRY_ASSIGN(const std::string_view text, value_of(reader, json::EventType::kString));
    bytes = base::base64_decode(text);
    if (!bytes || bytes->size() != crypto::Ed25519Signature().size())
      return malformed("a signature is not 64 bytes in standard base64");
    return {};
  }
  return malformed("a signature has an unknown or repeated member");
}

// What is signed. The name's length stands before it, so that no two of them give the same bytes.
Result<Bytes> message_of(std::string_view name, std::uint64_t version, std::string_view text) {
  if (name.empty() || name.size() > limits::kSchemaNameBytes)
    return malformed("a schema's name is empty or too long");
  if (!is_version(version)) return malformed("a schema's version is out of range");
  NES_TRY_ASSIGN(const crypto::Sha256Digest digest, crypto::sha256({as_bytes(text)}));
  std::uint8_t length[4];
  std::uint8_t number[8];
  base::store_u32be(static_cast<std::uint32_t>(name.size()), length);
  base::store_u64be(version, number);
  Bytes message;
  const auto append = [&message](ByteView part) { message.insert(message.end(), part.begin(), part.end()); };
  append(as_bytes(kDomain));
  message.push_back(0);
  append(length);
  append(as_bytes(name));
  append(number);
  append(digest);
  return message;
}

}  // namespace

Result<Signature> parse(std::string_view text) {
  json::Reader reader(text, 1);
  std::optional<std::uint64_t> version;
  std::optional<Bytes> bytes;
  const auto first = reader.next();
  if (!first.ok() || first->type != json::EventType::kBeginObject)
    return malformed("a signature is not a JSON object");
  for (;;) {
    const auto event = reader.next();
    if (!event.ok()) return malformed("a signature is not JSON");
    if (event->type == json::EventType::kEnd) break;
    if (event->type == json::EventType::kKey) NES_TRY(read_member(reader, event->text, version, bytes));
  }
  if (!version || !bytes) return malformed("a signature lacks a member");
  Signature signature{.version = *version};
  std::ranges::copy(*bytes, signature.bytes.begin());
  return signature;
}

std::string format(const Signature& signature) {
  return "{\"version\":" + std::to_string(signature.version) + ",\"signature\":\"" +
         base::base64_encode(signature.bytes) + "\"}\n";
}

Result<Signature> sign(const crypto::Ed25519PrivateKey& key, std::string_view name, std::uint64_t version,
                       std::string_view text) {
  NES_TRY_ASSIGN(const Bytes message, message_of(name, version, text));
  NES_TRY_ASSIGN(const crypto::Ed25519Signature bytes, key.sign(message));
  return Signature{version, bytes};
}

Result<void> verify(const crypto::Ed25519PublicKey& key, const Signature& signature, std::string_view name,
                    std::string_view text) {
  NES_TRY_ASSIGN(const Bytes message, message_of(name, signature.version, text));
  return key.verify(message, signature.bytes);
}

}  // namespace nes::signed_schema
