// The content coding aws-chunked, as SDKs send it with STREAMING-UNSIGNED-PAYLOAD-TRAILER: chunks of a hex
// size, and trailers behind the last one.
#pragma once

#include <string>
#include <string_view>

#include "aws/headers.h"
#include "base/result.h"

namespace nes::aws_emulator {

struct AwsChunkedBody {
  std::string content;
  aws::Headers trailers;  // names in lower case
};

// kMalformed if `text` is anything else; signed chunks are something else.
Result<AwsChunkedBody> decode_aws_chunked(std::string_view text);

}  // namespace nes::aws_emulator
