// That a request in HTTP/1.1 costs no allocation once its connection and its thread have warmed up. Counts in
// this program's operator new; in a program of its own, so that no other test is counted.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "enclave/service/worker.h"
#include "os/endpoint.h"

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

class OneSchema final : public SchemaSource {
 public:
  Result<std::vector<SchemaObject>> list() override {
    return std::vector<SchemaObject>{{.key = "people.yaml", .etag = "1"}};
  }
  Result<std::string> get(const SchemaObject& /*object*/, std::size_t /*max_bytes*/) override {
    return std::string(kSchema);
  }
};

class AllocationTest : public testing::Test {
 protected:
  AllocationTest() : log_(clock_, telemetry::Level::kError, null_.get()) {
    EXPECT_TRUE(store_.refresh().ok());
    secret::SecretBytes dek(32);
    std::memset(dek.reveal_mutable().data(), 7, dek.size());
    keys_.publish(token::KeySet::make({token::DataKey::derive(dek).value()}).value());
    worker_ = Worker::create(state_).value();
    os::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;  // bound to no name: the kernel chooses an abstract one
    socklen_t size = sizeof address.sun_family;
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    size = sizeof address;
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_TRUE(worker_
                    ->listen({.socket = std::make_shared<const os::UniqueFd>(std::move(listener)),
                              .routes = service_routes(),
                              .serves_clients = false})
                    .ok());
    client_ = os::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
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

  const base::SystemClock clock_;
  os::UniqueFd null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  telemetry::Log log_;
  telemetry::CounterRegistry counters_;
  OneSchema source_;
  SchemaStore store_{source_, {}, log_, counters_.add_shard()};
  base::Published<token::KeySet> keys_;
  base::Published<keyring::VersionIds> versions_;
  base::Published<ServedTls> tls_;
  KeyUseRegistry key_use_;
  SealLimit no_limit_{0, clock_};
  telemetry::SpanRegistry spans_{50};  // fills up on the way
  const config::ClientPatterns anyone_ =
      std::get<config::ClientPatterns>(config::ClientPatterns::parse("anonymous"));
  State state_{.clock = clock_,
               .log = log_,
               .counters = counters_,
               .settings = {.schema_header_name = "X-Schema-Name",
                            .max_body_bytes = 1 << 20,
                            .max_inflight_bytes = 1 << 20,
                            .max_connections = 10,
                            .token_options = {}},
               .authorization = {anyone_, anyone_},
               .keys = keys_,
               .schemas = store_.schemas(),
               .key_versions = versions_,
               .tls = tls_,
               .attestation = nullptr,
               .key_use = key_use_,
               .seal_limit = no_limit_,
               .started_ms = 0,
               .request_key_refresh = [] {},
               .request_drain = [] {},
               .spans = &spans_,
               .sampling = {.enabled = true}};
  std::unique_ptr<Worker> worker_;
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
