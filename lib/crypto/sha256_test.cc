#include "crypto/sha256.h"

#include <gtest/gtest.h>

namespace nes::crypto {
namespace {

std::string digest_of(std::initializer_list<ByteView> parts) {
  return base::hex_encode(sha256(parts).value());
}

// FIPS 180-4, the examples of NIST's Cryptographic Standards and Guidelines.
TEST(Sha256, gives_the_results_of_nist) {
  EXPECT_EQ(digest_of({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_of({as_bytes("abc")}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of({as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")}),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest_of({Bytes(1'000'000, 'a')}),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, gives_the_same_for_every_division_into_parts) {
  const Bytes message(130, 7);
  const ByteView whole(message);
  const std::string expected = digest_of({whole});
  for (std::size_t cut = 0; cut <= whole.size(); ++cut)
    ASSERT_EQ(digest_of({whole.first(cut), {}, whole.subspan(cut)}), expected) << cut;
  EXPECT_NE(digest_of({whole.first(129)}), expected);
}

}  // namespace
}  // namespace nes::crypto
