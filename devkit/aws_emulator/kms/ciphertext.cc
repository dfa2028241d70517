#include "devkit/aws_emulator/kms/ciphertext.h"

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "secret/secret.h"

namespace nes::aws_emulator {
namespace {

using crypto::AesGcmSiv;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kIdBytes = 16;

// A UUID's 16 bytes; fewer if `id` is none.
Bytes id_bytes(std::string_view id) {
  std::string hex(id);
  std::erase(hex, '-');
  return base::hex_decode(hex).value_or(Bytes{});
}

std::string id_text(ByteView bytes) {
  std::string out = base::hex_encode(bytes);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) out.insert(at, 1, '-');
  return out;
}

void append_sized(Bytes& out, std::string_view text) {
  std::array<std::uint8_t, 4> size{};
  base::store_u32be(static_cast<std::uint32_t>(text.size()), size.data());
  out.insert(out.end(), size.begin(), size.end());
  out.insert(out.end(), text.begin(), text.end());
}

// Lengths in front, so that no two contexts are the same bytes; the map is in order.
Bytes additional_data(const StoredKey& key, const EncryptionContext& context) {
  Bytes out;
  append_sized(out, "nitro-enc-svc emulated KMS");
  append_sized(out, key.id);
  for (const auto& [name, value] : context) {
    append_sized(out, name);
    append_sized(out, value);
  }
  return out;
}

struct Blob {
  Bytes id;
  std::array<std::uint8_t, AesGcmSiv::kNonceSize> nonce{};
  ByteView sealed;
};

std::optional<Blob> parse_blob(ByteView bytes) {
  base::ByteReader reader(bytes);
  Blob out;
  const std::uint8_t version = reader.u8();
  const ByteView id = reader.bytes(kIdBytes);
  const ByteView nonce = reader.bytes(AesGcmSiv::kNonceSize);
  out.sealed = reader.bytes(reader.remaining());
  if (!reader.ok() || version != kVersion || out.sealed.size() < AesGcmSiv::kTagSize) return std::nullopt;
  out.id.assign(id.begin(), id.end());
  std::ranges::copy(nonce, out.nonce.begin());
  return out;
}

}  // namespace

Result<Bytes> seal(const StoredKey& key, const EncryptionContext& context, ByteView plaintext) {
  NES_TRY_ASSIGN(AesGcmSiv cipher, AesGcmSiv::create(secret::SecretBytes::copy_of(key.material)));
  std::array<std::uint8_t, AesGcmSiv::kNonceSize> nonce{};
  crypto::fill_random(nonce);
  Bytes out{kVersion};
  const Bytes id = id_bytes(key.id);
  out.insert(out.end(), id.begin(), id.end());
  out.insert(out.end(), nonce.begin(), nonce.end());
  const std::size_t head = out.size();
  out.resize(head + plaintext.size() + AesGcmSiv::kTagSize);
  NES_TRY(cipher.seal(nonce, additional_data(key, context), plaintext, ByteSpan(out).subspan(head)));
  return out;
}

std::optional<std::string> key_id_of(ByteView blob) {
  const std::optional<Blob> parsed = parse_blob(blob);
  if (!parsed) return std::nullopt;
  return id_text(parsed->id);
}

Result<Bytes> open(const StoredKey& key, const EncryptionContext& context, ByteView blob) {
  const std::optional<Blob> parsed = parse_blob(blob);
  if (!parsed || parsed->id != id_bytes(key.id))
    return Error{ErrorCode::kMalformed, "a ciphertext is of no known form"};
  NES_TRY_ASSIGN(AesGcmSiv cipher, AesGcmSiv::create(secret::SecretBytes::copy_of(key.material)));
  Bytes out(parsed->sealed.size() - AesGcmSiv::kTagSize);
  NES_TRY(cipher.open(parsed->nonce, additional_data(key, context), parsed->sealed, out));
  return out;
}

}  // namespace nes::aws_emulator
