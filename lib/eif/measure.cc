#include "eif/measure.h"

#include <vector>

namespace nes::eif {
namespace {

Result<crypto::Sha384Digest> extend(const std::vector<ByteView>& content) {
  NES_TRY_ASSIGN(const crypto::Sha384Digest inner, crypto::sha384(content));
  const crypto::Sha384Digest zeros{};
  const ByteView parts[] = {zeros, inner};
  return crypto::sha384(parts);
}

}  // namespace

Result<Measurements> measure(const Image& image) {
  std::vector<ByteView> whole;
  std::vector<ByteView> boot;
  std::vector<ByteView> application;
  bool is_first_ramdisk = true;
  for (const Section& section : image.sections) {
    if (section.type == SectionType::kSignature || section.type == SectionType::kMetadata) continue;
    whole.push_back(section.data);
    const bool is_application = section.type == SectionType::kRamdisk && !is_first_ramdisk;
    (is_application ? application : boot).push_back(section.data);
    if (section.type == SectionType::kRamdisk) is_first_ramdisk = false;
  }
  NES_TRY_ASSIGN(const crypto::Sha384Digest pcr0, extend(whole));
  NES_TRY_ASSIGN(const crypto::Sha384Digest pcr1, extend(boot));
  NES_TRY_ASSIGN(const crypto::Sha384Digest pcr2, extend(application));
  return Measurements{pcr0, pcr1, pcr2};
}

}  // namespace nes::eif
