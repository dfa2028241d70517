// Media types of requests (RFC 9110 section 8.3.1).
#pragma once

#include <string_view>

namespace nes::http {

// Whether the Content-Type `content_type` names `type`, such as "application/json": letters compare in either
// case, and parameters are not looked at.
bool media_type_is(std::string_view content_type, std::string_view type) noexcept;

}  // namespace nes::http
