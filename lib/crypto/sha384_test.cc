#include "crypto/sha384.h"

#include <vector>

#include <gtest/gtest.h>

namespace nes::crypto {
namespace {

// FIPS 180-4, the examples of NIST's "Secure Hashing": SHA-384 of "abc".
TEST(Sha384, hashes_the_vector_of_the_standard_however_it_is_cut) {
  constexpr std::string_view kExpected =
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7";
  const std::vector<ByteView> whole = {as_bytes("abc")};
  const std::vector<ByteView> cut = {as_bytes("a"), {}, as_bytes("bc")};
  EXPECT_EQ(base::hex_encode(sha384(whole).value()), kExpected);
  EXPECT_EQ(base::hex_encode(sha384(cut).value()), kExpected);
}

}  // namespace
}  // namespace nes::crypto
