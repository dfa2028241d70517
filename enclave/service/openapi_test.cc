// The document against the tables of the code: routes, error codes and their statuses.
#include "enclave/service/openapi.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "enclave/service/routes.h"
#include "http/response.h"
#include "schema/field_plan.h"
#include "schema/source_tree.h"

namespace nes::service {
namespace {

using schema::NodeId;
using Names = std::set<std::string>;

class OpenApi : public testing::Test {
 protected:
  OpenApi() : tree_(schema::read_yaml(openapi_document()).value()) {}

  Names keys(NodeId node) const {
    Names names;
    for (const schema::Child& child : tree_.children(node)) names.emplace(child.key);
    return names;
  }
  NodeId operation(const Route& route) const {
    const NodeId path = tree_.find(tree_.resolve("/paths"), route.path);
    return path == schema::kNoNode ? path
                                   : tree_.find(path, route.method == http::Method::kPost ? "post" : "get");
  }
  // What a `$ref` here points to, or the node itself.
  NodeId resolved(NodeId node) const {
    const NodeId reference = tree_.find(node, "$ref");
    return reference == schema::kNoNode ? node : tree_.resolve(tree_.text(reference).substr(1));
  }

  schema::SourceTree tree_;
};

// All codes that a client can be told; the enumeration is in two parts, and kInternal ends the first.
std::vector<ErrorCode> public_codes() {
  std::vector<ErrorCode> codes;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code)
    codes.push_back(static_cast<ErrorCode>(code));
  return codes;
}

bool can_answer(const Route& route, ErrorCode code) {
  const bool has_document = route.body != Body::kNone;
  const bool attests = route.action == Action::kAttestation;
  switch (code) {
    case ErrorCode::kSchemaHeaderMissing:
    case ErrorCode::kSchemaRootRequired:
    case ErrorCode::kMalformedJson:
    case ErrorCode::kNotAllowed:
    case ErrorCode::kSchemaUnknown:
    case ErrorCode::kUnsupportedMediaType:
    case ErrorCode::kTokenRejected:
    case ErrorCode::kUndeclaredKey: return has_document;
    case ErrorCode::kNotFound: return attests;  // elsewhere it is of a path that is not there
    case ErrorCode::kRateLimited: return has_document || attests;
    default: return true;
  }
}

TEST_F(OpenApi, is_the_file_of_the_documentation) {
  std::ifstream file(NES_TESTDATA "/../docs/openapi.yaml");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(openapi_document(), text.str());
  EXPECT_EQ(tree_.text(tree_.resolve("/openapi")), "3.1.0");
}

TEST_F(OpenApi, has_exactly_the_routes_of_the_service) {
  Names paths;
  for (const Route& route : service_routes()) {
    paths.emplace(route.path);
    const NodeId path = tree_.find(tree_.resolve("/paths"), route.path);
    ASSERT_NE(path, schema::kNoNode) << route.path;
    EXPECT_EQ(keys(path), Names{route.method == http::Method::kPost ? "post" : "get"}) << route.path;
  }
  EXPECT_EQ(keys(tree_.resolve("/paths")), paths);
}

TEST_F(OpenApi, has_a_body_and_a_schema_header_exactly_where_a_document_is_taken) {
  for (const Route& route : service_routes()) {
    const NodeId body = tree_.find(operation(route), "requestBody");
    ASSERT_EQ(body != schema::kNoNode, route.body != Body::kNone) << route.path;
    if (route.body == Body::kNone) continue;
    EXPECT_TRUE(tree_.text(tree_.find(body, "$ref"))
                    .ends_with(route.body == Body::kEnvelope ? "Envelope" : "Document"));
    const auto parameters = tree_.children(tree_.find(operation(route), "parameters"));
    EXPECT_TRUE(std::ranges::any_of(parameters, [&](const schema::Child& parameter) {
      return tree_.text(tree_.find(resolved(parameter.value), "name")) == "X-Schema-Name";
    })) << route.path;
  }
}

TEST_F(OpenApi, has_for_each_route_the_statuses_that_it_can_answer_and_no_others) {
  for (const Route& route : service_routes()) {
    Names statuses{"200"};
    for (const ErrorCode code : public_codes())
      if (can_answer(route, code)) statuses.insert(std::to_string(http::status_of(code)));
    EXPECT_EQ(keys(tree_.find(operation(route), "responses")), statuses) << route.path;
  }
}

TEST_F(OpenApi, has_the_batch_beside_the_document_both_ways) {
  for (const Route& route : service_routes()) {
    if (route.body == Body::kNone) continue;
    Names types{"application/json"};
    if (route.body == Body::kDocument) types.insert("application/x-ndjson");
    const NodeId body = resolved(tree_.find(operation(route), "requestBody"));
    const NodeId answer = resolved(tree_.find(tree_.find(operation(route), "responses"), "200"));
    EXPECT_EQ(keys(tree_.find(body, "content")), types) << route.path;
    EXPECT_EQ(keys(tree_.find(answer, "content")), types) << route.path;
    EXPECT_EQ(keys(tree_.find(answer, "headers")).contains("X-Lines-Failed"), types.size() == 2)
        << route.path;
  }
}

TEST_F(OpenApi, has_exactly_the_error_codes_that_leave_the_program) {
  Names codes, listed;
  for (const ErrorCode code : public_codes()) codes.emplace(http::public_code(code));
  const NodeId list = tree_.resolve("/components/schemas/Problem/properties/code/enum");
  for (const schema::Child& code : tree_.children(list)) listed.emplace(tree_.text(code.value));
  EXPECT_EQ(listed, codes);
}

TEST_F(OpenApi, names_each_code_with_its_status_and_retry_after_where_there_is_one) {
  for (const ErrorCode code : public_codes()) {
    const std::string status = std::to_string(http::status_of(code)), name(http::public_code(code));
    for (const Route& route : service_routes()) {
      if (!can_answer(route, code) || route.body == Body::kNone) continue;
      const NodeId response = resolved(tree_.find(tree_.find(operation(route), "responses"), status));
      const std::string description(tree_.text(tree_.find(response, "description")));
      EXPECT_NE(description.find(name), std::string::npos) << route.path << " " << status << " " << name;
      const NodeId headers = tree_.find(response, "headers");
      const bool retries =
          headers != schema::kNoNode && tree_.find(headers, "Retry-After") != schema::kNoNode;
      EXPECT_EQ(retries, http::retry_after_s(code) != 0) << status;
    }
  }
}

TEST_F(OpenApi, compiles_as_a_schema_of_ours_and_plans_nothing) {
  const auto schema = schema::Schema::compile(openapi_document(), schema::SourceFormat::kYaml, {});
  ASSERT_TRUE(schema.ok()) << schema.error().position;
  EXPECT_EQ((*schema)->planned_paths(), 0U);
}

}  // namespace
}  // namespace nes::service
