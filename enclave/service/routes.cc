#include "enclave/service/routes.h"

#include "base/check.h"

namespace nes::service {
namespace {

using http::Method;

constexpr Route kServiceRoutes[] = {
    {"/encrypt", Method::kPost, Action::kEncrypt, Permission::kEncrypt, Body::kEnvelope},
    {"/decrypt", Method::kPost, Action::kDecrypt, Permission::kDecrypt, Body::kEnvelope},
    {"/v1/encrypt", Method::kPost, Action::kEncrypt, Permission::kEncrypt, Body::kDocument},
    {"/v1/decrypt", Method::kPost, Action::kDecrypt, Permission::kDecrypt, Body::kDocument},
    {"/v1/rewrap", Method::kPost, Action::kRewrap, Permission::kDecrypt, Body::kDocument},
    {"/v1/keys", Method::kGet, Action::kKeys, Permission::kNone, Body::kNone},
    {"/v1/schemas", Method::kGet, Action::kSchemas, Permission::kNone, Body::kNone},
    {"/attestation", Method::kGet, Action::kAttestation, Permission::kNone, Body::kNone},
    {"/health", Method::kGet, Action::kHealth, Permission::kNone, Body::kNone},
    {"/livez", Method::kGet, Action::kLivez, Permission::kNone, Body::kNone},
    {"/readyz", Method::kGet, Action::kReadyz, Permission::kNone, Body::kNone},
    {"/openapi.yaml", Method::kGet, Action::kOpenApi, Permission::kNone, Body::kNone},
};

constexpr Route kHealthRoutes[] = {
    {"/livez", Method::kGet, Action::kLivez, Permission::kNone, Body::kNone},
    {"/readyz", Method::kGet, Action::kReadyz, Permission::kNone, Body::kNone},
    {"/drain", Method::kPost, Action::kDrain, Permission::kNone, Body::kNone},
};

}  // namespace

std::span<const Route> service_routes() noexcept { return kServiceRoutes; }
std::span<const Route> health_routes() noexcept { return kHealthRoutes; }

Result<const Route*> find_route(std::span<const Route> routes, Method method,
                                std::string_view path) noexcept {
  ErrorCode code = ErrorCode::kNotFound;
  for (const Route& route : routes) {
    if (route.path != path) continue;
    if (route.method == method || (route.method == Method::kGet && method == Method::kHead)) return &route;
    code = ErrorCode::kMethodNotAllowed;
  }
  return Error{code, "there is no such route"};
}

std::string_view allowed_methods(std::span<const Route> routes, std::string_view path) noexcept {
  for (const Route& route : routes)
    if (route.path == path) return route.method == Method::kGet ? "GET, HEAD" : "POST";
  return "";
}

std::optional<config::ClientMatch> Authorization::allows(const ClientIdentity& client,
                                                         Permission permission) const {
  switch (permission) {
    case Permission::kNone: return config::ClientMatch{};
    case Permission::kEncrypt: return encrypt_clients_.match(client.sans);
    case Permission::kDecrypt: return decrypt_clients_.match(client.sans);
  }
  NES_CHECK(false && "a Permission outside its enumeration");
}

}  // namespace nes::service
