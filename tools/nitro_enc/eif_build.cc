// nitro-enc eif build: an enclave image from a container image or a directory.
#include <unistd.h>

#include <array>

#include "base/json_text.h"
#include "eif/gzip.h"
#include "eif/limits.h"
#include "eif/metadata.h"
#include "eif/ramdisks.h"
#include "tools/nitro_enc/eif_actions.h"
#include "tools/nitro_enc/eif_file.h"
#include "tools/nitro_enc/eif_inputs.h"
#include "tools/nitro_enc/eif_signer.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

constexpr std::uint64_t kLastSecond = 253'402'300'799;  // of the year 9999

// One line that is written over, by the next step or by what went wrong, where somebody is looking.
class Progress {
 public:
  explicit Progress(Context& context) : context_(context), is_shown_(::isatty(STDERR_FILENO) == 1) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { show(""); }
  void show(std::string_view step) {
    if (is_shown_) context_.err << "\x1b[K" << step << '\r' << std::flush;
  }

 private:
  Context& context_;
  bool is_shown_;
};

void append_list(std::string& out, std::string_view name, const std::vector<std::string>& items) {
  out += ",";
  base::append_quoted(out, name);
  out += ":[";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) out += ',';
    base::append_quoted(out, items[i]);
  }
  out += "]";
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out += ',';
  base::append_quoted(out, name);
  out += ':';
  base::append_quoted(out, text);
}

std::string or_else(const std::string& text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text;
}

// What the container image says of itself, in the names that `docker inspect` uses.
std::string image_json(const eif::ContainerImage& image) {
  std::string config = "{";
  append_text(config, "User", image.config.user);
  append_text(config, "WorkingDir", image.config.directory);
  append_list(config, "Env", image.config.environment);
  append_list(config, "Entrypoint", image.config.entrypoint);
  append_list(config, "Cmd", image.config.command);
  std::string json = "{";
  if (!image.config_digest.empty()) append_text(json, "Id", image.config_digest);
  append_text(json, "Architecture", or_else(image.config.architecture, "amd64"));
  append_text(json, "Os", or_else(image.config.os, "linux"));
  return json + ",\"Config\":" + config + "}}";
}

std::optional<std::int64_t> build_time(Context& context, Status& status) {
  const auto epoch = context.environment("SOURCE_DATE_EPOCH");
  if (!epoch) return 0;
  if (const auto seconds = parse_count(*epoch, kLastSecond)) return static_cast<std::int64_t>(*seconds);
  status = context.misused("SOURCE_DATE_EPOCH is no number of seconds since 1970");
  return std::nullopt;
}

std::optional<eif::Metadata> make_metadata(const Arguments& arguments, const eif::ContainerImage& image,
                                           ByteView kernel, Context& context, Status& status) {
  eif::Metadata metadata{.name = arguments.text("name", or_else(image.name, "enclave")),
                         .version = arguments.text("version", or_else(image.tag, "latest")),
                         .tool = "nitro-enc",
                         .tool_version = NES_VERSION,
                         .operating_system = "Linux",
                         .kernel_version = eif::kernel_version_of(kernel),
                         .image_json = image_json(image)};
  const auto time = build_time(context, status);
  if (!time) return std::nullopt;
  metadata.build_time_s = *time;
  const auto path = arguments.value("metadata");
  if (!path) return metadata;
  const auto text = read_file(std::string(*path), limits::kEifDocumentBytes);
  const auto tree = text.ok() ? eif::parse_metadata(as_bytes(*text)) : Result<eif::JsonTree>(text.error());
  if (!tree.ok()) {
    status = context.refuse(std::string(*path), tree.error());
    return std::nullopt;
  }
  metadata.custom_json = *text;
  return metadata;
}

// Names the value of the image that was refused.
Status refuse_config(const eif::ContainerImage& image, Context& context) {
  const auto& config = image.config;
  if (const auto file = eif::command_file(config); !file.ok())
    return context.refuse("the image's command", file.error());
  if (const auto file = eif::environment_file(config); !file.ok())
    return context.refuse("the image's environment", file.error());
  if (const auto file = eif::user_file(config, image.files); !file.ok())
    return context.refuse("the image's user " + printable(config.user), file.error());
  if (const auto file = eif::directory_file(config); !file.ok())
    return context.refuse("the image's working directory", file.error());
  return Status::kGood;
}

Status write_image(const Arguments& arguments, Context& context, const BootParts& parts,
                   const eif::ContainerImage& image, Progress& progress) {
  Status status = Status::kRefused;
  if (const Status config = refuse_config(image, context); config != Status::kGood) return config;
  const auto metadata = make_metadata(arguments, image, parts.kernel, context, status);
  if (!metadata) return status;
  progress.show("packing the files");
  auto system = eif::system_ramdisk(parts.init, parts.module);
  if (!system.ok()) return context.refuse("the first ramdisk", system.error());
  auto application = eif::application_ramdisk(image.files, image.config);
  if (!application.ok()) return context.refuse("the second ramdisk", application.error());
  if (arguments.has("gzip")) {
    progress.show("compressing");
    for (auto* const ramdisk : {&system, &application}) {
      *ramdisk = eif::gzip(**ramdisk);
      if (!ramdisk->ok()) return context.refuse("a ramdisk", ramdisk->error());
    }
  }
  progress.show("measuring");
  const std::string metadata_text = eif::write_metadata(*metadata);
  ImageMeasurements measurements;
  const auto file = signed_file({{eif::SectionType::kKernel, parts.kernel},
                                 {eif::SectionType::kCmdline, as_bytes(parts.cmdline)},
                                 {eif::SectionType::kMetadata, as_bytes(metadata_text)},
                                 {eif::SectionType::kRamdisk, *system},
                                 {eif::SectionType::kRamdisk, *application}},
                                arguments, context, measurements);
  if (!file) return Status::kRefused;
  progress.show("writing");
  const std::string output = arguments.text("output-file");
  if (const auto written = replace_file(output, as_text(*file)); !written.ok())
    return context.refuse(output, written.error());
  progress.show("");
  JsonWriter json;
  json.begin_object();
  write_measurements(json, measurements, file->size());
  context.out << std::move(json.end()).finish();
  return Status::kGood;
}

}  // namespace

Status build_eif(const Arguments& arguments, Context& context) {
  if (arguments.has("private-key") != arguments.has("signing-certificate"))
    return context.misused("--private-key and --signing-certificate go together");
  Status status = Status::kRefused;
  Progress progress(context);
  progress.show("reading the image");
  const auto image = read_container_image(arguments, context, status);
  if (!image) return status;
  const auto parts = read_boot_parts(arguments, context, status);
  if (!parts) return status;
  return write_image(arguments, context, *parts, *image, progress);
}

}  // namespace nes::nitro_enc
