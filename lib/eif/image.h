// The Enclave Image Format, version 4 (docs/eif.md): a header, then sections one after the other.
//
// The reader is strict: it takes only the layout that AWS's and our builders write. Sections lie end to end
// from the header to the end of the file, so that none can overlap, lie outside, or leave bytes that no
// checksum covers. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace nes::eif {

enum class SectionType : std::uint16_t {
  kKernel = 1,
  kCmdline = 2,
  kRamdisk = 3,
  kSignature = 4,
  kMetadata = 5,
};

struct Section {
  SectionType type;
  ByteView data;  // a view into what was read, or what is to be written
};

struct Image {
  std::uint16_t version;
  std::uint32_t crc32;
  std::vector<Section> sections;  // in the order of the file

  // The data of the first section of `type`; empty if there is none.
  ByteView find(SectionType type) const noexcept;
  bool is_signed() const noexcept;
};

// Views into `file`, which must outlive the image. kTruncated if it ends early; kLimit if it is larger than
// limits::kEifBytes; kMalformed for whatever else is wrong: magic, version, architecture (only x86_64),
// number of sections, an offset or size that is not where the sections lie, a type that is unknown, missing
// or repeated, a metadata or signature section out of bounds, a NUL in the command line, bytes that follow,
// or the checksum. The position of an error within a section is the section's index.
Result<Image> read(ByteView file);

// The file of these sections. Errors as read() has them: what it would refuse is not written.
Result<Bytes> write(std::span<const Section> sections);

}  // namespace nes::eif
