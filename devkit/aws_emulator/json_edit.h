// Changes the answers of services whose faults are lies.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nes::aws_emulator {

// `json`, an object, with its member `name` replaced by the text `value`, or added. kMalformedJson, kLimit.
Result<std::string> with_text_member(std::string_view json, std::string_view name, std::string_view value);

}  // namespace nes::aws_emulator
