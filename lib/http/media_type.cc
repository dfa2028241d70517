#include "http/media_type.h"

#include "http/char_class.h"
#include "http/request_head.h"

namespace nes::http {

bool media_type_is(std::string_view content_type, std::string_view type) noexcept {
  return equals_ignore_case(trim(content_type.substr(0, content_type.find(';'))), type);
}

}  // namespace nes::http
