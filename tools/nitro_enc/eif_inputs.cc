#include "tools/nitro_enc/eif_inputs.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "eif/limits.h"
#include "tools/nitro_enc/eif_file.h"
#include "tools/nitro_enc/files.h"
#include "tools/nitro_enc/rootfs_directory.h"

namespace nes::nitro_enc {
namespace {

constexpr std::string_view kAwsBlobs = "/usr/share/nitro_enclaves/blobs";
constexpr std::string_view kSources[] = {"rootfs", "oci-layout", "docker-archive", "docker-uri"};
constexpr std::string_view kRunFlags[] = {"cmd", "env", "user", "workdir", "config"};

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = std::min(text.find_first_not_of(kSpace), text.size());
  return std::string(text.substr(first, text.find_last_not_of(kSpace) + 1 - first));
}

// Reads the parts one after the other; the first that fails ends it.
class PartReader {
 public:
  PartReader(const Arguments& arguments, Context& context) : arguments_(arguments), context_(context) {
    blobs_ = arguments.text("blobs", context.environment("NITRO_CLI_BLOBS").value_or(std::string(kAwsBlobs)));
  }

  // The flag's file, or the first of these names in the folder of blobs.
  std::string path_of(std::string_view flag, std::initializer_list<std::string_view> names) const {
    if (const auto path = arguments_.value(flag)) return std::string(*path);
    for (const std::string_view name : names)
      if (is_there(blobs_ + "/" + std::string(name))) return blobs_ + "/" + std::string(name);
    return blobs_ + "/" + std::string(*names.begin());
  }

  Bytes read(const std::string& path) {
    if (!ok_) return {};
    auto content = read_bytes(path, limits::kEifBytes);
    if (content.ok() && !content->empty()) return std::move(*content);
    ok_ = false;
    if (content.ok())
      context_.refuse(path + ": the file is empty");
    else
      context_.refuse(path, content.error());
    return {};
  }

  bool ok() const noexcept { return ok_; }

 private:
  const Arguments& arguments_;
  Context& context_;
  std::string blobs_;
  bool ok_ = true;
};

// PATH[:TAG]: a colon that belongs to the path wins.
std::pair<std::string, std::string> split_tag(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (is_there(std::string(text)) || colon == std::string_view::npos) return {std::string(text), {}};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

template <typename Loaded>
std::optional<Loaded> checked(Result<Loaded> loaded, const std::string& path, const std::string& where,
                              Context& context) {
  if (loaded.ok()) return std::move(*loaded);
  context.refuse(where.empty() ? path : path + ": " + printable(where), loaded.error());
  return std::nullopt;
}

std::optional<eif::ContainerImage> read_layout(std::string_view named, Context& context) {
  const auto [directory, tag] = split_tag(named);
  const std::string& folder = directory;
  const eif::FileSource source = [&folder](const std::string& path, std::size_t max_bytes) {
    return read_bytes(folder + "/" + path, max_bytes);
  };
  std::string where;
  auto image = eif::load_oci_layout(source, tag, where);
  return checked(std::move(image), directory, where, context);
}

std::optional<eif::ContainerImage> read_archive(const std::string& path, Context& context) {
  auto archive = read_bytes(path, limits::kEifTreeBytes);
  if (!archive.ok()) {
    context.refuse(path, archive.error());
    return std::nullopt;
  }
  std::string where;
  auto image = eif::load_docker_archive(std::move(*archive), where);
  return checked(std::move(image), path, where, context);
}

std::optional<eif::ContainerImage> read_uri(std::string_view uri, Context& context) {
  constexpr std::string_view kOci = "oci:";
  constexpr std::string_view kArchive = "docker-archive:";
  if (uri.starts_with(kOci)) return read_layout(uri.substr(kOci.size()), context);
  if (uri.starts_with(kArchive)) return read_archive(std::string(uri.substr(kArchive.size())), context);
  context.refuse("--docker-uri " + printable(uri) +
                 ": no Docker daemon is asked; docker save -o FILE, then --docker-archive FILE");
  return std::nullopt;
}

std::vector<std::string> strings(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

// What the flags say of a directory, which cannot say it itself.
std::optional<eif::ImageConfig> config_of_flags(const Arguments& arguments, Context& context) {
  eif::ImageConfig config;
  if (const auto path = arguments.value("config")) {
    const auto text = read_file(std::string(*path), limits::kEifDocumentBytes);
    auto parsed = text.ok() ? eif::parse_image_config(*text) : Result<eif::ImageConfig>(text.error());
    if (!parsed.ok()) {
      context.refuse(std::string(*path), parsed.error());
      return std::nullopt;
    }
    config = std::move(*parsed);
  }
  if (arguments.has("cmd")) {
    config.entrypoint.clear();
    config.command = strings(arguments.values("cmd"));
  }
  for (const std::string_view entry : arguments.values("env")) config.environment.emplace_back(entry);
  config.user = arguments.text("user", config.user);
  config.directory = arguments.text("workdir", config.directory);
  return config;
}

std::optional<eif::ContainerImage> read_directory(const std::string& path, const Arguments& arguments,
                                                  Context& context) {
  auto config = config_of_flags(arguments, context);
  if (!config) return std::nullopt;
  std::string where;
  auto read = read_rootfs(path, where);
  auto files = checked(std::move(read), path, where, context);
  if (!files) return std::nullopt;
  eif::ContainerImage image;
  image.files = std::move(*files);
  image.config = std::move(*config);
  return image;
}

}  // namespace

std::optional<BootParts> read_boot_parts(const Arguments& arguments, Context& context, Status& status) {
  PartReader reader(arguments, context);
  BootParts parts;
  parts.kernel = reader.read(reader.path_of("kernel", {"bzImage", "kernel"}));
  parts.cmdline = trimmed(as_text(reader.read(reader.path_of("cmdline", {"cmdline"}))));
  parts.init = reader.read(reader.path_of("init", {"init"}));
  // Parts that were named one by one bring their module by name too.
  const bool is_named = arguments.has("kernel") && !arguments.has("blobs") && !arguments.has("nsm-module");
  const std::string module = reader.path_of("nsm-module", {"nsm.ko"});
  if (!is_named && (arguments.has("nsm-module") || is_there(module))) parts.module = reader.read(module);
  if (reader.ok()) return parts;
  status = Status::kRefused;
  return std::nullopt;
}

std::optional<eif::ContainerImage> read_container_image(const Arguments& arguments, Context& context,
                                                        Status& status) {
  const auto given =
      std::ranges::count_if(kSources, [&](std::string_view flag) { return arguments.has(flag); });
  if (given != 1) {
    status = context.misused("one of --rootfs, --oci-layout, --docker-archive and --docker-uri is needed");
    return std::nullopt;
  }
  for (const std::string_view flag : kRunFlags)
    if (arguments.has(flag) && !arguments.has("rootfs")) {
      status = context.misused("--" + std::string(flag) + " is for --rootfs: an image says it itself");
      return std::nullopt;
    }
  status = Status::kRefused;
  if (const auto path = arguments.value("rootfs")) {
    if (!is_directory(std::string(*path))) {
      context.refuse(std::string(*path) + ": not a directory");
      return std::nullopt;
    }
    return read_directory(std::string(*path), arguments, context);
  }
  if (const auto path = arguments.value("oci-layout")) return read_layout(*path, context);
  if (const auto path = arguments.value("docker-archive")) return read_archive(std::string(*path), context);
  return read_uri(*arguments.value("docker-uri"), context);
}

}  // namespace nes::nitro_enc
