// Header fields of a request or an answer, in the order in which they are sent.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace nes::aws {

using Headers = std::vector<std::pair<std::string, std::string>>;

}  // namespace nes::aws
