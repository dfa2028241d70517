// The one table of routes, and who may use them. HTTP/1.1 and HTTP/2 share it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "enclave/config/client_patterns.h"
#include "http/request_head.h"

namespace nes::service {

enum class Action : std::uint8_t {
  kEncrypt,
  kDecrypt,
  kRewrap,
  kKeys,
  kSchemas,
  kAttestation,
  kHealth,
  kLivez,
  kReadyz,
  kDrain,
  kOpenApi,
};

// What a client needs to be allowed.
enum class Permission : std::uint8_t { kNone, kEncrypt, kDecrypt };  // rewrap asks for kDecrypt

enum class Body : std::uint8_t {
  kNone,      // what comes is read and ignored
  kEnvelope,  // {"payload": <document>}
  kDocument,
};

struct Route {
  std::string_view path;
  http::Method method;  // GET answers HEAD too
  Action action;
  Permission permission;
  Body body;
};

// What is served to clients over TLS.
std::span<const Route> service_routes() noexcept;
// What is served to the node on the health port, in the clear.
std::span<const Route> health_routes() noexcept;

// kNotFound, or kMethodNotAllowed if the path is there with another method.
Result<const Route*> find_route(std::span<const Route> routes, http::Method method,
                                std::string_view path) noexcept;
// The value of an Allow header for `path`.
std::string_view allowed_methods(std::span<const Route> routes, std::string_view path) noexcept;

// Who a connection's client is: the names of its verified certificate. Without one it is anonymous.
struct ClientIdentity {
  std::span<const config::San> sans;
};

// ENCRYPT_CLIENTS and DECRYPT_CLIENTS. Asked for every request.
class Authorization {
 public:
  Authorization(const config::ClientPatterns& encrypt_clients,
                const config::ClientPatterns& decrypt_clients) noexcept
      : encrypt_clients_(encrypt_clients), decrypt_clients_(decrypt_clients) {}

  // The entry that lets the client in; nothing if it may not.
  std::optional<config::ClientMatch> allows(const ClientIdentity& client, Permission permission) const;

 private:
  const config::ClientPatterns& encrypt_clients_;
  const config::ClientPatterns& decrypt_clients_;
};

}  // namespace nes::service
