#include "tools/nitro_enc/rollout_image.h"

#include <gtest/gtest.h>

#include "eif/cpio.h"
#include "eif/measure.h"

namespace nes::nitro_enc {
namespace {

// Amazon Root CA 1, as far as its name matters.
constexpr std::string_view kBundle =
    "-----BEGIN CERTIFICATE-----\nQW1hem9uIFJvb3QgQ0EgMQ==\n-----END CERTIFICATE-----\n";
constexpr const char* kBundlePath = "rootfs/etc/nitro-enc-svc/ca-bundle.pem";

std::shared_ptr<const eif::FileNode> file(std::string_view data) {
  return std::make_shared<const eif::FileNode>(eif::FileNode{.mode = 0644, .data = as_bytes(data)});
}

// Of an image with this second ramdisk.
ImageFacts facts(const Bytes& ramdisk) {
  const Bytes first = eif::write_cpio({{"init", file("i")}}).value();
  const eif::Section sections[] = {{eif::SectionType::kKernel, as_bytes("k")},
                                   {eif::SectionType::kCmdline, as_bytes("c")},
                                   {eif::SectionType::kMetadata, as_bytes("{}")},
                                   {eif::SectionType::kRamdisk, first},
                                   {eif::SectionType::kRamdisk, ramdisk}};
  EifFile image{.content = std::make_shared<const Bytes>(eif::write(sections).value()),
                .image = {},
                .metadata = {},
                .measurements = {}};
  image.image = eif::read(*image.content).value();
  image.measurements.boot = eif::measure(image.image).value();
  ImageFacts out = facts_of(image);
  EXPECT_EQ(out.bytes, image.content->size());
  EXPECT_EQ(out.pcr0, base::hex_encode(image.measurements.boot.pcr0));
  return out;
}
ImageFacts facts(const eif::FileTree::Entries& entries) { return facts(eif::write_cpio(entries).value()); }

TEST(RolloutImageTest, an_image_says_what_it_was_built_with) {
  const ImageFacts found =
      facts({{"env", file("VSOCK_PROXY_CID=3\nTLS_PORT=")}, {kBundlePath, file(kBundle)}});
  EXPECT_EQ(found.environment, (Variables{{"VSOCK_PROXY_CID", "3"}, {"TLS_PORT", ""}}));
  EXPECT_EQ(found.has_foreign_ca, false);
  EXPECT_TRUE(found.mistakes.empty());
}

TEST(RolloutImageTest, no_variables_are_variables_too) {
  const ImageFacts found = facts({{"env", file("")}, {kBundlePath, file(kBundle)}});
  EXPECT_EQ(found.environment, Variables());
  EXPECT_TRUE(found.mistakes.empty());
}

TEST(RolloutImageTest, what_an_image_lacks_is_a_mistake_each) {
  const auto first_of = [](const eif::FileTree::Entries& entries) {
    const ImageFacts found = facts(entries);
    return found.mistakes.size() == 1 ? found.mistakes[0].what : std::to_string(found.mistakes.size());
  };
  EXPECT_EQ(first_of({{"environment", file("A=b")}, {kBundlePath, file(kBundle)}}),
            "its ramdisks have no file env: its CID and its ports are not known");
  EXPECT_EQ(first_of({{"env", file("A=b\nx")}, {kBundlePath, file(kBundle)}}),
            "its file env cannot be read: a line of the environment is not KEY=VALUE");
  EXPECT_EQ(first_of({{"env", file("A=b")}, {"rootfs/etc/ca-bundle.pem", file(kBundle)}}),
            "it has no file rootfs/etc/nitro-enc-svc/ca-bundle.pem: whom it trusts is not known");
  EXPECT_EQ(first_of({{"env", file("A=b")}, {kBundlePath, file("")}}),
            "its CA bundle cannot be read: has no certificate");
  EXPECT_EQ(first_of({}), "2");
  const ImageFacts found = facts({{"env", file("A=b\nA=c")}});
  EXPECT_FALSE(found.environment);
  EXPECT_FALSE(found.has_foreign_ca);
}

TEST(RolloutImageTest, ramdisks_of_another_kind_are_a_mistake) {
  const ImageFacts found = facts(Bytes{0xFD, '7', 'z', 'X', 'Z', 0});
  ASSERT_EQ(found.mistakes.size(), 1U);
  EXPECT_EQ(found.mistakes[0].what.substr(0, 29), "its ramdisks cannot be read: ");
  EXPECT_FALSE(found.environment);
  EXPECT_FALSE(found.has_foreign_ca);
}

}  // namespace
}  // namespace nes::nitro_enc
