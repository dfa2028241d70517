// Signed calls of AWS services: one call is one or more attempts, each a connection of its own.
//
// Throttling, 5xx and failed connections are tried again with exponential backoff and jitter, and not before
// Retry-After; a refused time or signature once more after the service's clock has been learnt from its Date
// header; refused credentials once more with new ones. All within limits::kAwsAttempts and
// limits::kAwsCallTimeoutMs.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "aws/exchange.h"
#include "aws/json_fields.h"
#include "aws/remote_code.h"
#include "aws/uri.h"
#include "base/result.h"

namespace nes::aws {

enum class Service : std::uint8_t { kKms, kSecretsManager, kS3 };

struct Call {
  Service service = Service::kKms;
  http::Method method = http::Method::kPost;
  std::string host_prefix;  // such as "bucket."; empty with an endpoint override
  std::string path = "/";   // encoded once
  Query query;
  Headers headers;
  std::string body;
  std::size_t max_answer_bytes = 0;
};

// How to wait: injected, so that tests take no time.
struct Pacing {
  std::function<std::uint64_t(std::uint64_t)> random_below;  // n: 0 to n - 1
  std::function<void(std::int64_t)> sleep_ms;
};
// The kernel's randomness, and sleep.
Pacing system_pacing();

class Client {
 public:
  struct Options {
    std::string region;
    std::optional<Address> endpoint{};                   // all services there instead (enclave-dev, tests)
    std::function<void(std::int64_t us)> on_kms_call{};  // told how long a call of KMS took, repeats included
  };

  // `credentials` must outlive the client.
  Client(Transport transport, CredentialsProvider& credentials, Pacing pacing, Options options) noexcept
      : transport_(std::move(transport)),
        credentials_(credentials),
        pacing_(std::move(pacing)),
        options_(std::move(options)) {}

  // The answer, 2xx or 304. Errors: remote_error() if the service refuses; exchange()'s; the provider's;
  // kCrypto.
  Result<HttpAnswer> call(const Call& call);

  // POSTs `body` as `target` in the JSON protocol of KMS and Secrets Manager and parses the answer.
  Result<JsonFields> call_json(Service service, std::string_view target, std::string body);

  bool has_endpoint_override() const noexcept { return options_.endpoint.has_value(); }
  // What is added to the clock to sign: 0 until a service has said otherwise.
  std::int64_t clock_offset_ms() const noexcept { return clock_offset_ms_; }

 private:
  struct Progress;  // of one call over its attempts

  Address address_of(const Call& call) const;
  Result<HttpAnswer> attempt(const Call& call, std::int64_t timeout_ms);
  // What the answer of an attempt means: nothing if another one may help, after progress.wait_ms.
  std::optional<Result<HttpAnswer>> judge(Result<HttpAnswer> answer, Progress& progress);
  bool learn_clock(const HttpAnswer& answer, RemoteCode code, Progress& progress);

  Transport transport_;
  CredentialsProvider& credentials_;
  Pacing pacing_;
  Options options_;
  std::int64_t clock_offset_ms_ = 0;
};

}  // namespace nes::aws
