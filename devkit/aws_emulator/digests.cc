#include "devkit/aws_emulator/digests.h"

#include <array>
#include <cstdint>

#include <openssl/evp.h>

namespace nes::aws_emulator {
namespace {

Result<Bytes> digest(const EVP_MD* algorithm, std::string_view data) {
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), out.data(), &size, algorithm, nullptr) != 1)
    return Error{ErrorCode::kCrypto, "OpenSSL could not compute a digest"};
  out.resize(size);
  return out;
}

// A reflected CRC whose register begins as ones and is inverted at the end, big-endian.
template <typename Word>
Bytes crc(Word reflected_polynomial, std::string_view data) {
  std::array<Word, 256> table{};
  for (unsigned i = 0; i < table.size(); ++i) {
    Word word = i;
    for (int bit = 0; bit < 8; ++bit) word = (word >> 1) ^ ((word & 1) != 0 ? reflected_polynomial : Word{0});
    table[i] = word;
  }
  Word value = ~Word{0};
  for (const char c : data) value = (value >> 8) ^ table[(value ^ static_cast<unsigned char>(c)) & 0xFF];
  value = ~value;
  Bytes out;
  for (int shift = static_cast<int>(sizeof(Word)) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  return out;
}

// Polynomials: ISO 3309; RFC 9260 appendix A; the NVM Express base specification's 64-bit CRC.
constexpr std::uint32_t kCrc32 = 0xEDB88320;
constexpr std::uint32_t kCrc32c = 0x82F63B78;
constexpr std::uint64_t kCrc64Nvme = 0x9A6C9329AC4BC9B5;

}  // namespace

Result<Bytes> md5(std::string_view data) { return digest(EVP_md5(), data); }

Result<std::optional<std::string>> checksum(std::string_view algorithm, std::string_view data) {
  const auto encoded = [](ByteView bytes) { return std::optional(base::base64_encode(bytes)); };
  if (algorithm == "crc32") return encoded(crc(kCrc32, data));
  if (algorithm == "crc32c") return encoded(crc(kCrc32c, data));
  if (algorithm == "crc64nvme") return encoded(crc(kCrc64Nvme, data));
  if (algorithm != "sha1" && algorithm != "sha256") return std::optional<std::string>();
  NES_TRY_ASSIGN(const Bytes bytes, digest(algorithm == "sha1" ? EVP_sha1() : EVP_sha256(), data));
  return encoded(bytes);
}

}  // namespace nes::aws_emulator
