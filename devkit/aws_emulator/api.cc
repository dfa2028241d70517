#include "devkit/aws_emulator/api.h"

#include "devkit/aws_emulator/json_object.h"

namespace nes::aws_emulator {

Answer json_error(int status, std::string_view type, std::string_view message) {
  return {status,
          {{"content-type", "application/x-amz-json-1.1"}, {"x-amzn-errortype", std::string(type)}},
          JsonObject().text("__type", type).text("message", message).finish()};
}

}  // namespace nes::aws_emulator
