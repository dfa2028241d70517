// That a request in HTTP/1.1 costs no allocation once its connection and its thread have warmed up. Counts in
// this program's operator new; in a program of its own, so that no other test is counted.
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include <gtest/gtest.h>

#include "enclave/service/service_for_test.h"

namespace {
std::size_t allocations = 0;  // of this program's one thread that makes any while it is looked at
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace nes::service {
namespace {

constexpr std::string_view kSchema = R"(
openapi: 3.1.0
info: {title: t, version: "1"}
paths: {}
components:
  schemas:
    Person:
      properties:
        ssn: {x-pii: {mode: deterministic, context: ssn}}
        name: {x-pii: true}
        friends: {type: array, items: {$ref: "#/components/schemas/Person"}}
)";
constexpr std::string_view kDocument =
    R"({"ssn":"123-45-6789","name":"Ada","friends":[{"name":"Grace"},{"name":"Edsger"}],"note":"n"})";

class AllocationTest : public testing::Test {
 protected:
  AllocationTest() {
    service_.listen_with(*worker_);
    client_ = service_.connect();
    worker_->loop().run_once(1'000);  // accepts
  }

  // How many allocations the worker makes for one request. Its answer stays in answer_.
  std::size_t allocations_of(const std::string& request) {
    EXPECT_EQ(::send(client_.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    const std::size_t before = allocations;
    worker_->loop().run_once(1'000);
    const std::size_t made = allocations - before;
    const ssize_t got = ::recv(client_.get(), answer_, sizeof answer_, MSG_DONTWAIT);
    EXPECT_GT(got, 0);
    answer_text_ = {answer_, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    return made;
  }

  static std::string request(std::string_view route, std::string_view framing, std::string_view body) {
    return "POST " + std::string(route) +
           " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nX-Schema-Name: people\r\n" +
           std::string(framing) + "\r\n\r\n" + std::string(body);
  }

  telemetry::SpanRegistry spans_{50};  // fills up on the way
  ServiceForTest service_{"people", kSchema, 1 << 20, &spans_};
  std::unique_ptr<Worker> worker_ = Worker::create(service_.state()).value();
  os::UniqueFd client_;
  char answer_[8192];
  std::string_view answer_text_;
};

TEST_F(AllocationTest, counter_counts) {
  const std::size_t before = allocations;
  ::operator delete(::operator new(1));  // a new-expression might be left out
  EXPECT_EQ(allocations, before + 1);
}

TEST_F(AllocationTest, sealing_makes_none_in_steady_state) {
  const std::string length = "Content-Length: " + std::to_string(kDocument.size());
  const std::string requests[] = {
      request("/v1/encrypt", length, kDocument),
      request("/v1/encrypt",
              length + "\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", kDocument),
      request("/v1/encrypt", "Transfer-Encoding: chunked", "4\r\n{\"na\r\n6\r\nme\":1}\r\n0\r\n\r\n")};
  for (const std::string& message : requests) {
    for (int i = 0; i < 10; ++i) allocations_of(message);
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(allocations_of(message), 0U) << i;
      ASSERT_TRUE(answer_text_.starts_with("HTTP/1.1 200 OK\r\n")) << answer_text_;
    }
    EXPECT_EQ(spans_.take(100).size(), 50U);
  }
}

TEST_F(AllocationTest, lines_of_a_batch_make_none_in_steady_state) {
  std::string lines;
  for (int i = 0; i < 8; ++i) lines += std::string(kDocument) + "\n" + (i % 4 == 0 ? "{\n\n" : "");
  char size[16];
  const std::string chunk(
      size, static_cast<std::size_t>(std::snprintf(size, sizeof size, "%zx\r\n", lines.size())));
  std::string begin = request("/v1/encrypt", "Transfer-Encoding: chunked", "");
  begin.replace(begin.find("json"), 4, "x-ndjson");
  allocations_of(begin + chunk + lines + "\r\n");
  ASSERT_TRUE(answer_text_.starts_with("HTTP/1.1 200 OK\r\n")) << answer_text_;
  for (int i = 0; i < 20; ++i) allocations_of(chunk + lines + "\r\n");
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(allocations_of(chunk + lines + "\r\n"), 0U) << i;
    ASSERT_NE(answer_text_.find("{\"$error\":{\"code\":\"malformed_json\""), std::string_view::npos)
        << answer_text_;
  }
}

TEST_F(AllocationTest, errors_make_none_in_steady_state) {
  const std::string message = request("/v1/encrypt", "Content-Length: 1", "{");
  for (int i = 0; i < 10; ++i) allocations_of(message);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(allocations_of(message), 0U) << i;
    ASSERT_TRUE(answer_text_.starts_with("HTTP/1.1 400 ")) << answer_text_;
  }
}

}  // namespace
}  // namespace nes::service
