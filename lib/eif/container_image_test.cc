#include "eif/container_image.h"

#include <map>

#include <gtest/gtest.h>

#include "eif/layers.h"
#include "eif/tar_for_test.h"

namespace nes::eif {
namespace {

std::string text_of(const Bytes& bytes) { return std::string(as_text(bytes)); }

// A layout in memory with one image of one layer.
class LayoutForTest {
 public:
  LayoutForTest() {
    files["oci-layout"] = R"({"imageLayoutVersion":"1.0.0"})";
    const std::string layer = text_of(TarForTest().file("bin/a", "program").end());
    const std::string config =
        R"({"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/a"]},"rootfs":{"diff_ids":[")" +
        digest_of(as_bytes(layer)).value() + R"("]}})";
    const std::string manifest = R"({"config":)" + blob("application/vnd.oci.image.config.v1+json", config) +
                                 R"(,"layers":[)" + blob("application/vnd.oci.image.layer.v1.tar", layer) +
                                 "]}";
    set_index({blob("application/vnd.oci.image.manifest.v1+json", manifest)});
  }

  std::string blob(const std::string& type, const std::string& content) {
    const std::string digest = digest_of(as_bytes(content)).value();
    files["blobs/sha256/" + digest.substr(7)] = content;
    return R"({"mediaType":")" + type + R"(","digest":")" + digest + R"(","size":)" +
           std::to_string(content.size()) + "}";
  }

  void set_index(const std::vector<std::string>& manifests) {
    std::string list;
    for (const std::string& manifest : manifests) list += (list.empty() ? "" : ",") + manifest;
    files["index.json"] = R"({"manifests":[)" + list + "]}";
  }

  Result<ContainerImage> load(std::string_view tag = "") {
    return load_oci_layout(
        [this](const std::string& path, std::size_t max_bytes) -> Result<Bytes> {
          const auto found = files.find(path);
          if (found == files.end()) return Error{ErrorCode::kNotFound, "there is no such file"};
          if (found->second.size() > max_bytes) return Error{ErrorCode::kLimit, "the file is too large"};
          return Bytes(found->second.begin(), found->second.end());
        },
        tag, where);
  }

  std::map<std::string, std::string> files;
  std::string where;
};

TEST(OciLayout, gives_the_files_of_its_image) {
  const ContainerImage image = LayoutForTest().load().value();
  EXPECT_EQ(as_text(image.files.find("bin/a")->data), "program");
  EXPECT_EQ(command_file(image.config).value(), "/bin/a\n");
  EXPECT_TRUE(is_digest(image.config_digest));
}

TEST(OciLayout, notices_a_flipped_bit_of_any_blob) {
  LayoutForTest layout;
  for (auto& [path, content] : layout.files) {
    if (!path.starts_with("blobs/")) continue;
    content.back() = static_cast<char>(content.back() ^ 1);
    EXPECT_FALSE(layout.load().ok()) << path;
    EXPECT_EQ(layout.where.substr(7), path.substr(13));
    content.back() = static_cast<char>(content.back() ^ 1);
  }
  EXPECT_TRUE(layout.load().ok());
}

TEST(OciLayout, misses_any_file_that_is_gone) {
  const LayoutForTest whole;
  for (const auto& [path, content] : whole.files) {
    LayoutForTest layout;
    layout.files.erase(path);
    EXPECT_EQ(layout.load().error().code, ErrorCode::kNotFound) << path;
  }
}

TEST(OciLayout, asks_for_no_path_but_digests) {
  LayoutForTest layout;
  for (const std::string digest : {"sha256:../../x", "sha256:", "md5:00", ""}) {
    layout.set_index({R"({"mediaType":"x","digest":")" + digest + R"(","size":1})"});
    EXPECT_EQ(layout.load().error().code, ErrorCode::kMalformed) << digest;
    EXPECT_EQ(layout.where, "index.json");
  }
}

TEST(OciLayout, does_not_guess_which_image_is_meant) {
  LayoutForTest layout;
  const std::string other = layout.blob("application/vnd.oci.image.manifest.v1+json", "{}");
  const std::string index = layout.files["index.json"];
  layout.files["index.json"] = index.substr(0, index.size() - 2) + "," + other + "]}";
  EXPECT_EQ(layout.load().error().code, ErrorCode::kMalformed);
  EXPECT_EQ(layout.load("v1").error().code, ErrorCode::kNotFound);
  layout.set_index({});
  EXPECT_EQ(layout.load().error().code, ErrorCode::kNotFound);
}

TEST(DockerArchive, refuses_every_truncation) {
  const Bytes layer = TarForTest().file("bin/a", "program").end();
  const std::string config = R"({"architecture":"amd64","os":"linux","rootfs":{"diff_ids":[")" +
                             digest_of(layer).value() + R"("]}})";
  Bytes archive = TarForTest()
                      .file("manifest.json", R"([{"Config":"c","RepoTags":["n:t"],"Layers":["l"]}])")
                      .file("c", config)
                      .file("l", as_text(layer))
                      .end();
  std::string where;
  const auto image = load_docker_archive(archive, where);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->name + " " + image->tag, "n t");
  for (std::size_t size = 0; size + 1024 < archive.size(); size += 100) {
    const Bytes cut(archive.begin(), archive.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(load_docker_archive(cut, where).ok()) << size;
  }
}

}  // namespace
}  // namespace nes::eif
