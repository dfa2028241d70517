// This API, in OpenAPI 3.1: the bytes of docs/openapi.yaml, taken in when the program is built.
#pragma once

#include <string_view>

namespace nes::service {

std::string_view openapi_document() noexcept;

}  // namespace nes::service
