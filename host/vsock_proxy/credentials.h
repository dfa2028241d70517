// The node's IAM credentials for the enclave, whose environment the pod's variables and files do not reach:
// from EKS Pod Identity (the container credentials provider of AWS's SDKs), else from the instance metadata
// service, version 2.
//
// Thread rule: fetch() from the loop's thread; `done` comes there too. The source is asked in a thread of its
// own.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "os/endpoint.h"
#include "os/event_loop.h"

namespace nes::vsock_proxy {

// A plain http URL whose host is an address.
struct PlainUrl {
  os::Endpoint endpoint;
  std::string host;    // as written, with its port
  std::string target;  // at least `/`
};
// kMalformed for another scheme, a name that is not `localhost`, user information or a fragment.
Result<PlainUrl> parse_plain_url(std::string_view url);

class Credentials {
 public:
  struct Options {
    std::optional<PlainUrl> container;  // AWS_CONTAINER_CREDENTIALS_FULL_URI
    std::string token_file;             // AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE; read anew each time
    PlainUrl metadata;                  // AWS_EC2_METADATA_SERVICE_ENDPOINT
  };
  // {"AccessKeyId":…,"SecretAccessKey":…,"Token":…,"Expiration":…}
  using Done = std::function<void(Result<std::string>)>;

  Credentials(os::EventLoop& loop, Options options);
  ~Credentials();

  // Kept credentials until limits::kCredentialsEarlyMs before they expire; one request to the source for all
  // who ask. `done` comes once, perhaps after whoever asked is gone.
  void fetch(Done done);

  // The four members as the enclave takes them, and when they expire. kMalformed; kNotReady if the source
  // says that it has none.
  struct Document {
    std::string json;
    std::int64_t expires_unix_ms = 0;
  };
  static Result<Document> reduce(std::string_view json);

 private:
  void run();
  Result<Document> ask_source() const;
  Result<Document> ask_container(const PlainUrl& url) const;
  Result<Document> ask_metadata() const;

  os::EventLoop& loop_;
  const Options options_;
  std::optional<Document> kept_;
  std::vector<Done> waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nes::vsock_proxy
