// Bounds of what images are built from; base/limits.h has those of the finished file. Sizes are bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nes::limits {

inline constexpr std::size_t kEifTreeBytes = std::size_t{1} << 30;  // files of one image, layers unpacked
inline constexpr std::size_t kEifTreeEntries = 500'000;             // of one layer, and of the tree
inline constexpr std::size_t kEifLayers = 200;                      // of one image
inline constexpr std::size_t kEifPathBytes =
    4'000;                                         // below rootfs/; the kernel passes over names of PATH_MAX
inline constexpr std::size_t kEifNameBytes = 255;  // of one component; Linux's NAME_MAX
inline constexpr std::size_t kEifPathDepth = 200;  // components
inline constexpr std::size_t kEifSymlinkBytes = 4'095;  // of a target; the kernel passes over longer ones
inline constexpr std::size_t kEifPaxBytes = std::size_t{1} << 20;       // one pax header, or GNU long name
inline constexpr std::uint64_t kEifCpioFileBytes = 0xFFFF'FFFF;         // newc has eight hex digits
inline constexpr std::size_t kEifDocumentBytes = std::size_t{4} << 20;  // one JSON document
inline constexpr std::size_t kEifDocumentDepth = 32;
inline constexpr std::size_t kEifDocumentValues = 200'000;
inline constexpr std::size_t kEifManifests = 1'000;                     // looked at to find an image
inline constexpr std::size_t kEifIndexDepth = 4;                        // indexes within indexes
inline constexpr std::size_t kEifAccountsBytes = std::size_t{1} << 20;  // etc/passwd, or etc/group
inline constexpr std::size_t kEifCertificateBytes = 16'000;             // PEM; as integers within 32768
inline constexpr std::size_t kEifKeyBytes = std::size_t{64} * 1024;

}  // namespace nes::limits
