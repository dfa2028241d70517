// One request of this program's own over plain HTTP/1.1, waited for: the health port, and the source of
// credentials.
//
// Thread rule: any thread; blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/request_head.h"
#include "os/endpoint.h"

namespace nes::vsock_proxy {

struct Question {
  http::Method method = http::Method::kGet;  // kGet, kPut or kPost; without a body
  std::string target;
  std::string host;  // of the Host field
  std::vector<std::pair<std::string, std::string>> headers{};
};

struct Answer {
  int status = 0;
  std::string body;
};

// kTimeout once `timeout_ms` are over in all; kIo, kTruncated, kMalformed, kLimit (over
// limits::kCredentialsBytes).
Result<Answer> ask(const os::Endpoint& endpoint, const Question& question, int timeout_ms);

}  // namespace nes::vsock_proxy
