// The content of an object on its way in and out.
#pragma once

#include <string>
#include <variant>

#include "devkit/aws_emulator/request.h"

namespace nes::aws_emulator {

// What a PUT carries, out of its coding and checked against every digest that comes with it; or the refusal.
std::variant<std::string, Answer> content_of(const Request& request);

// Cuts `reply`, a whole object, down to the single range that the request asks for (RFC 9110 section 14.2):
// 206, or 416 if no byte of it is there. A Range of another form is ignored.
void apply_range(const Request& request, Reply& reply);

}  // namespace nes::aws_emulator
