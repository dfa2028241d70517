#include "devkit/aws_emulator/random_text.h"

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/random.h"

namespace nes::aws_emulator {

std::string random_text(std::string_view alphabet, std::size_t size) {
  NES_CHECK(!alphabet.empty() && alphabet.size() <= 256);
  const std::size_t accepted =
      256 / alphabet.size() * alphabet.size();  // those above would be drawn more often
  std::string out;
  while (out.size() < size) {
    std::array<std::uint8_t, 32> random{};
    crypto::fill_random(random);
    for (const std::uint8_t byte : random)
      if (byte < accepted && out.size() < size) out += alphabet[byte % alphabet.size()];
  }
  return out;
}

std::string random_uuid() {
  std::array<std::uint8_t, 16> random{};
  crypto::fill_random(random);
  random[6] = static_cast<std::uint8_t>((random[6] & 0x0F) | 0x40);
  random[8] = static_cast<std::uint8_t>((random[8] & 0x3F) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < random.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += base::hex_encode(ByteView(random).subspan(i, 1));
  }
  return out;
}

}  // namespace nes::aws_emulator
