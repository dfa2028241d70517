// PCRs as text: the JSON that nitro-cli prints, {"Measurements": {"HashAlgorithm": …, "PCR0": hex, …}}, or
// the inner object alone.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "devkit/nsm_emulator/document_maker.h"

namespace nes::nsm_emulator {

// kMalformed unless it is one of the two, with at least PCR0, PCR1 and PCR2, each of 96 hex digits, PCR0 to
// PCR31.
Result<Pcrs> parse_pcrs(std::string_view json);
std::string format_pcrs(const Pcrs& pcrs);

// What stands for the PCRs of an enclave while there is no image: PCR0 is the PCR formula over `program`,
// SHA384(48 zeros || SHA384(program)); PCR1 and PCR2 the same over "nitro-enc-svc development kernel" and
// "nitro-enc-svc development application". kCrypto.
Result<Pcrs> measure(ByteView program);

}  // namespace nes::nsm_emulator
