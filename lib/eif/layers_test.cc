#include "eif/layers.h"

#include <gtest/gtest.h>

#include "eif/decompress.h"
#include "eif/tar_for_test.h"

namespace nes::eif {
namespace {

// A thousand `a` by gzip -n9.
const Bytes kGzip =
    base::hex_decode("1f8b08000000000002034b4c1c05a360140c77000003da389ae8030000").value_or(Bytes());
const std::string kThousand(1000, 'a');

TEST(Decompress, leaves_alone_what_is_not_compressed) {
  const Bytes plain = {1, 2, 3};
  EXPECT_EQ(decompress(plain, 3).value(), plain);
  EXPECT_EQ(decompress(plain, 2).error().code, ErrorCode::kLimit);
  EXPECT_TRUE(decompress({}, 0).value().empty());
}

TEST(Decompress, unpacks_gzip_up_to_the_limit) {
  EXPECT_EQ(as_text(decompress(kGzip, 1000).value()), kThousand);
  EXPECT_EQ(as_text(decompress(kGzip, 2000).value()), kThousand);
  EXPECT_EQ(decompress(kGzip, 999).error().code, ErrorCode::kLimit);
  EXPECT_EQ(decompress(kGzip, 0).error().code, ErrorCode::kLimit);
}

TEST(Decompress, refuses_what_ends_early_or_is_broken) {
  for (std::size_t size = 2; size + 8 < kGzip.size(); ++size)
    EXPECT_FALSE(decompress({kGzip.begin(), kGzip.begin() + static_cast<std::ptrdiff_t>(size)}, 2000).ok())
        << size;
  EXPECT_FALSE(decompress({0x1F, 0x8B, 0x07}, 100).ok());
  EXPECT_FALSE(decompress({0x28, 0xB5, 0x2F, 0xFD, 0xFF}, 100).ok());
}

// An image of these layers, as LayerStack takes it.
ContainerImage image_of(const std::vector<Bytes>& unpacked) {
  ContainerImage image;
  for (const Bytes& layer : unpacked) image.config.diff_ids.push_back(digest_of(layer).value());
  return image;
}

TEST(LayerStack, takes_layers_by_their_digest) {
  const Bytes layer = TarForTest().file("a", "1").end();
  ContainerImage image = image_of({layer, TarForTest().file("b").end()});
  std::string where;
  LayerStack stack(image, where);
  EXPECT_TRUE(stack.apply(layer).ok());
  EXPECT_FALSE(stack.apply(layer).ok());
  EXPECT_EQ(where, "layer 2");
  EXPECT_EQ(image.files.entries().size(), 1U);
}

TEST(Digests, are_sha256_in_lower_case) {
  EXPECT_TRUE(is_digest("sha256:" + std::string(64, 'a')));
  for (const std::string& text :
       {"sha256:" + std::string(63, 'a'), "sha256:" + std::string(65, 'a'), "sha256:" + std::string(64, 'A'),
        "sha512:" + std::string(64, 'a'), std::string(71, 'a'), "sha256:" + std::string(61, 'a') + "/.."})
    EXPECT_FALSE(is_digest(text)) << text;
}

TEST(Names, end_at_the_last_colon_behind_the_last_slash) {
  ContainerImage image;
  set_name(image, "host:5000/a/b:v1");
  EXPECT_EQ(image.name + " " + image.tag, "host:5000/a/b v1");
  set_name(image, "host:5000/a/b");
  EXPECT_EQ(image.name + " " + image.tag, "host:5000/a/b ");
}

}  // namespace
}  // namespace nes::eif
