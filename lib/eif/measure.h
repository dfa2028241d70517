// The platform configuration registers that an image boots with (docs/eif.md). Any thread.
#pragma once

#include "base/result.h"
#include "crypto/sha384.h"
#include "eif/image.h"

namespace nes::eif {

struct Measurements {
  crypto::Sha384Digest pcr0;  // kernel, command line, all ramdisks
  crypto::Sha384Digest pcr1;  // kernel, command line, the first ramdisk
  crypto::Sha384Digest pcr2;  // the other ramdisks
};

// Each is SHA384(48 zero bytes || SHA384(content)), content being the sections' data in the order of the
// file. kCrypto if the library fails.
Result<Measurements> measure(const Image& image);

}  // namespace nes::eif
