// Writes XML, and the errors of the two services that speak it.
#pragma once

#include <string>
#include <string_view>

#include "devkit/aws_emulator/api.h"

namespace nes::aws_emulator {

// `<name>text</name>` with the text escaped. Characters that XML 1.0 cannot hold become character references
// all the same, as S3 has it: who lists such keys asks for encoding-type=url.
std::string xml_element(std::string_view name, std::string_view text);

// An answer with an XML declaration before `root`.
Answer xml_answer(int status, std::string_view root);

Answer s3_error(int status, std::string_view code, std::string_view message);
// The query protocol's: STS.
Answer query_error(int status, std::string_view code, std::string_view message);

}  // namespace nes::aws_emulator
