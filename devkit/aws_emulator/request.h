// A request as the services see it, and an answer with what faults do to it on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/headers.h"
#include "aws/uri.h"
#include "devkit/aws_emulator/api.h"

namespace nes::aws_emulator {

struct Request {
  std::string method;
  std::string path;  // as it was sent, encoded; begins with a slash
  aws::Query query;  // decoded
  aws::Headers headers;
  std::string body;  // without any transfer or aws-chunked coding

  // The value of the only header of this name, in any case; empty if there is none or several.
  std::string_view header(std::string_view name) const noexcept;
  // The value of the first query parameter of this name.
  std::optional<std::string_view> parameter(std::string_view name) const noexcept;
};

struct Reply {
  Answer answer{};
  // For HEAD, and for answers that lie: the Content-Length to announce, if it is not that of the body. The
  // connection ends behind an answer that has less.
  std::optional<std::uint64_t> announced_length{};
  std::uint64_t filler_bytes = 0;  // sent behind the body
  std::int64_t delay_ms = 0;       // before the first byte
  bool drop = false;               // the connection ends in the middle of what there is to send
  bool without_body = false;       // the answer to HEAD, or 304
};

}  // namespace nes::aws_emulator
