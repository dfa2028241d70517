#include "enclave/service/routes.h"

#include <gtest/gtest.h>

namespace nes::service {
namespace {

using http::Method;

config::ClientPatterns patterns(std::string_view text) {
  auto parsed = config::ClientPatterns::parse(text);
  return std::get<config::ClientPatterns>(parsed);
}

TEST(Routes, are_found_by_method_and_exact_path) {
  EXPECT_EQ((*find_route(service_routes(), Method::kPost, "/encrypt"))->action, Action::kEncrypt);
  EXPECT_EQ((*find_route(service_routes(), Method::kHead, "/health"))->action, Action::kHealth);
  EXPECT_EQ(find_route(service_routes(), Method::kGet, "/encrypt").error().code,
            ErrorCode::kMethodNotAllowed);
  EXPECT_EQ(allowed_methods(service_routes(), "/encrypt"), "POST");
  EXPECT_EQ(allowed_methods(service_routes(), "/livez"), "GET, HEAD");
  for (const std::string_view path :
       {"", "/", "*", "/encrypt/", "/Encrypt", "/encrypt%2F", "//encrypt", "/v1/", "/drain"})
    EXPECT_EQ(find_route(service_routes(), Method::kPost, path).error().code, ErrorCode::kNotFound) << path;
}

TEST(Routes, keep_drain_to_the_health_port_and_documents_off_it) {
  EXPECT_TRUE(find_route(health_routes(), Method::kPost, "/drain").ok());
  EXPECT_FALSE(find_route(service_routes(), Method::kPost, "/drain").ok());
  EXPECT_FALSE(find_route(health_routes(), Method::kPost, "/encrypt").ok());
}

TEST(Routes, ask_a_permission_of_whoever_sends_a_document) {
  for (const Route& route : service_routes())
    EXPECT_EQ(route.permission == Permission::kNone, route.body == Body::kNone) << route.path;
}

TEST(Authorization, is_closed_by_default_and_opens_by_list) {
  const config::ClientPatterns nobody, anonymous = patterns("anonymous"),
                                       list = patterns("DNS:*.pay.example");
  const config::San san{.type = config::SanType::kDns, .value = "a.pay.example"};
  const ClientIdentity anonymous_client, named_client{.sans = {&san, 1}};
  const Authorization closed(anonymous, nobody);
  EXPECT_TRUE(closed.allows(anonymous_client, Permission::kEncrypt));
  EXPECT_FALSE(closed.allows(anonymous_client, Permission::kDecrypt));
  EXPECT_FALSE(closed.allows(named_client, Permission::kDecrypt));
  EXPECT_TRUE(closed.allows(anonymous_client, Permission::kNone));
  const Authorization listed(list, list);
  EXPECT_FALSE(listed.allows(anonymous_client, Permission::kEncrypt));
  EXPECT_TRUE(listed.allows(named_client, Permission::kDecrypt));
}

}  // namespace
}  // namespace nes::service
