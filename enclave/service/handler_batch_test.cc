// What the lines of a batch are answered with.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/room_for_test.h"
#include "enclave/service/service_for_test.h"

namespace nes::service {
namespace {

constexpr std::string_view kSchema =
    "openapi: 3.1.0\ncomponents: {schemas: {A: {properties: {blob: {x-pii: true}}}, R: {x-pii: true}}}\n";
constexpr std::string_view kMembers = "a", kRoot = "a#/components/schemas/R";

class HandlerBatch : public testing::Test {
 protected:
  const Route& route(std::string_view path) const {
    return **find_route(service_routes(), http::Method::kPost, path);
  }
  static RequestInfo request(std::string_view schema) {
    RequestInfo info{};
    info.schema_header = schema;
    return info;
  }
  std::string sealed(std::string_view schema, std::string_view document) {
    base::RoomForTest room;
    secret::SecretBytes body;
    const Response response =
        worker_->handler().handle(route("/v1/encrypt"), request(schema), document, room, body);
    EXPECT_EQ(response.count, 1U) << document;
    return std::string(as_text(body.reveal()));
  }
  std::string answer(std::string_view path, std::string_view schema, std::string_view lines,
                     http::Preferences preferences = {}) {
    RequestInfo info = request(schema);
    info.preferences = preferences;
    BatchSlice slice;
    slice.job = worker_->handler().begin_batch(route(path), info, false, 0).value();
    slice.input.append(as_bytes(lines));
    worker_->handler().work(slice);
    worker_->handler().end_batch(*slice.job, slice.counts, std::nullopt);
    failed_ = slice.counts.lines_failed;
    replaced_ = slice.counts.replaced;
    return std::string(as_text(slice.output.reveal().subspan(slice.output_begin)));
  }

  ServiceForTest service_{"a", kSchema, 1 << 20};
  std::unique_ptr<Worker> worker_ = Worker::create(service_.state()).value();
  std::uint64_t failed_ = 0;
  std::uint64_t replaced_ = 0;
};

TEST_F(HandlerBatch, an_opened_value_is_no_line_of_its_own) {
  const std::string document = sealed(kMembers, "{\"blob\":[1\n,\r{\"account\":\"victim\\n\"}\r\n,2]}");
  const std::string lines = "{\"n\":1}\n" + document + "\r\n{\"n\":2}\n";
  const std::string expected = "{\"n\":1}\n{\"blob\":[1 , {\"account\":\"victim\\n\"}  ,2]}\r\n{\"n\":2}\n";
  EXPECT_EQ(answer("/v1/decrypt", kMembers, lines), expected);
  EXPECT_EQ(failed_, 0U);
  const std::string rewrapped = answer("/v1/rewrap", kMembers, lines);
  EXPECT_EQ(std::count(rewrapped.begin(), rewrapped.end(), '\n'), 3);
  EXPECT_EQ(answer("/v1/decrypt", kMembers, rewrapped), expected);
  http::Preferences keeping;
  keeping.keep_sealed = true;
  EXPECT_EQ(answer("/v1/encrypt", kMembers, lines, keeping), lines);
}

TEST_F(HandlerBatch, an_opened_line_is_no_error_of_ours) {
  for (const std::string_view document :
       {R"({"$error":{"code":"internal","line":1}})", "{\"a\":1,\n\"\\u0024error\":null}"}) {
    const std::string token = sealed(kRoot, document);
    for (const std::string_view around : {"", " ", "\t"}) {
      const std::string line = std::string(around) + token + "\r";
      EXPECT_EQ(answer("/v1/decrypt", kRoot, line + "\n" + sealed(kRoot, "7") + "\n"),
                "{\"$error\":{\"code\":\"malformed_request\",\"line\":1}}\n7\n");
      EXPECT_EQ(failed_, 1U);
      EXPECT_EQ(replaced_, 1U);
    }
    EXPECT_TRUE(answer("/v1/rewrap", kRoot, token).starts_with("\"v2."));
  }
  const std::string harmless = sealed(kRoot, R"({"a":{"$error":1}})");
  EXPECT_EQ(answer("/v1/decrypt", kRoot, harmless), R"({"a":{"$error":1}})");
  const std::string inside = sealed(kMembers, R"({"blob":{"$error":1}})");
  EXPECT_EQ(answer("/v1/decrypt", kMembers, inside), R"({"blob":{"$error":1}})");
}

}  // namespace
}  // namespace nes::service
