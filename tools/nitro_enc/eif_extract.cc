// nitro-enc eif extract: the sections of an enclave image as files.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "os/unique_fd.h"
#include "tools/nitro_enc/eif_actions.h"
#include "tools/nitro_enc/eif_file.h"
#include "tools/nitro_enc/files.h"

namespace nes::nitro_enc {
namespace {

std::string name_of(const eif::Section& section, std::size_t& ramdisks) {
  switch (section.type) {
    case eif::SectionType::kKernel: return "kernel";
    case eif::SectionType::kCmdline: return "cmdline";
    case eif::SectionType::kMetadata: return "metadata.json";
    case eif::SectionType::kSignature: return "signature.cbor";
    case eif::SectionType::kRamdisk: break;
  }
  const bool is_gzip = section.data.size() > 1 && section.data[0] == 0x1F && section.data[1] == 0x8B;
  return "ramdisk-" + std::to_string(ramdisks++) + (is_gzip ? ".cpio.gz" : ".cpio");
}

}  // namespace

// Nothing in an image names a file here: the names are ours, in a directory that was not there.
Status extract_eif(const Arguments& arguments, Context& context) {
  const std::string directory(arguments.operands()[1]);
  const auto file = open_eif(std::string(arguments.operands()[0]), context);
  if (!file) return Status::kRefused;
  if (::mkdir(directory.c_str(), 0777) != 0)
    return context.refuse(directory, errno == EEXIST ? Error{ErrorCode::kNotAllowed, "it is there already"}
                                                     : Error{ErrorCode::kIo, "the directory cannot be made",
                                                             static_cast<std::uint64_t>(errno)});
  const os::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd)
    return context.refuse(
        directory, {ErrorCode::kIo, "the directory cannot be opened", static_cast<std::uint64_t>(errno)});
  std::size_t ramdisks = 0;
  for (const eif::Section& section : file->image.sections) {
    const std::string name = name_of(section, ramdisks);
    if (const auto written = create_file_at(fd.get(), name, section.data); !written.ok())
      return context.refuse(directory + "/" + name, written.error());
    context.out << name << '\n';
  }
  return Status::kGood;
}

}  // namespace nes::nitro_enc
