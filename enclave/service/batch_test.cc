// Batches through workers that run, over a socket without TLS: one worker and several give the same answer.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "enclave/service/worker.h"

namespace nes::service {
namespace {

constexpr std::string_view kSchema =
    "openapi: 3.1.0\ncomponents: {schemas: {A: {properties: {n: {x-pii: {mode: deterministic, context: "
    "n}}}}}}\n";

class OneSchema final : public SchemaSource {
 public:
  Result<std::vector<SchemaObject>> list() override {
    return std::vector<SchemaObject>{{.key = "a.yaml", .etag = "1"}};
  }
  Result<std::string> get(const SchemaObject& /*object*/, std::size_t /*max_bytes*/) override {
    return std::string(kSchema);
  }
};

// Workers of one service, the first of which listens.
class Workers {
 public:
  explicit Workers(std::size_t count) : log_(clock_, telemetry::Level::kError, -1) {
    EXPECT_TRUE(store_.refresh().ok());
    secret::SecretBytes dek(32);
    std::memset(dek.reveal_mutable().data(), 7, dek.size());
    keys_.publish(token::KeySet::make({token::DataKey::derive(dek).value()}).value());
    for (std::size_t i = 0; i < count; ++i) {
      workers_.push_back(Worker::create(state_).value());
      state_.exchange.add_helper(*workers_[i], [this, i] { workers_[i]->request_help(); });
    }
    os::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    socklen_t size = sizeof address_.sun_family;  // bound to no name: the kernel chooses an abstract one
    address_.sun_family = AF_UNIX;
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address_), size), 0);
    EXPECT_EQ(::listen(listener.get(), 10), 0);
    address_size_ = sizeof address_;
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address_), &address_size_), 0);
    EXPECT_TRUE(workers_[0]
                    ->listen({.socket = std::make_shared<const os::UniqueFd>(std::move(listener)),
                              .routes = service_routes(),
                              .serves_clients = false})
                    .ok());
    for (const auto& worker : workers_) threads_.emplace_back([&worker] { worker->run(); });
  }
  ~Workers() {
    for (const auto& worker : workers_) worker->request_stop();
    for (std::thread& thread : threads_) thread.join();
  }

  os::UniqueFd connect() const {
    os::UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address_), address_size_), 0);
    return client;
  }

  // The answer's body and trailers to a batch of `lines`, sent and read at once.
  std::string answer(std::string_view lines) const {
    const os::UniqueFd client = connect();
    const std::string message = head(lines.size()) + std::string(lines);
    std::string got;
    std::size_t sent = 0;
    while (!got.ends_with("\r\n\r\n") || got.find("\r\n0\r\n") == std::string::npos) {
      const short events = sent < message.size() ? POLLIN | POLLOUT : POLLIN;
      pollfd waits{.fd = client.get(), .events = events, .revents = 0};
      if (::poll(&waits, 1, 60'000) != 1) return "nothing comes any more";
      char block[16'384];
      if ((waits.revents & POLLIN) != 0) {
        const ssize_t size = ::recv(client.get(), block, sizeof block, MSG_DONTWAIT);
        if (size <= 0) return "closed";
        got.append(block, static_cast<std::size_t>(size));
      }
      if ((waits.revents & POLLOUT) != 0) {
        const ssize_t size = ::send(client.get(), message.data() + sent, message.size() - sent, MSG_DONTWAIT);
        if (size > 0) sent += static_cast<std::size_t>(size);
      }
    }
    return unchunked(got.substr(got.find("\r\n\r\n") + 4));
  }

  static std::string head(std::size_t size) {
    return "POST /v1/encrypt HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\nX-Schema-Name: "
           "a\r\n"
           "Content-Length: " +
           std::to_string(size) + "\r\n\r\n";
  }
  std::uint64_t held() const { return state_.status.inflight_bytes; }

 private:
  static std::string unchunked(std::string_view text) {
    std::string body;
    for (;;) {
      const std::size_t size = std::stoul(std::string(text.substr(0, text.find("\r\n"))), nullptr, 16);
      text.remove_prefix(text.find("\r\n") + 2);
      if (size == 0) return body += text;
      body += text.substr(0, size);
      text.remove_prefix(size + 2);
    }
  }

  const base::SystemClock clock_;
  telemetry::Log log_;
  telemetry::CounterRegistry counters_;
  OneSchema source_;
  SchemaStore store_{source_, {}, log_, counters_.add_shard()};
  base::Published<token::KeySet> keys_;
  base::Published<keyring::VersionIds> versions_;
  base::Published<ServedTls> tls_;
  KeyUseRegistry key_use_;
  SealLimit no_limit_{0, clock_};
  const config::ClientPatterns anyone_ =
      std::get<config::ClientPatterns>(config::ClientPatterns::parse("anonymous"));
  State state_{.clock = clock_,
               .log = log_,
               .counters = counters_,
               .settings = {.schema_header_name = "X-Schema-Name",
                            .max_body_bytes = 1 << 20,
                            .max_inflight_bytes = 1 << 26,
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
               .request_drain = [] {}};
  sockaddr_un address_{};
  socklen_t address_size_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

std::string many_lines() {
  std::string lines;
  for (int i = 0; i < 6'000; ++i) {
    lines +=
        R"({"n":")" + std::to_string(i) + R"(","x":")" + std::string(static_cast<std::size_t>(i) % 300, 'x');
    lines += i % 100 == 0 ? "\n\n" : "\"}\n";
  }
  return lines + R"({"n":"the last, without an end of line"})";
}

TEST(BatchTest, several_workers_give_the_answer_of_one) {
  const std::string lines = many_lines();
  const std::string expected = Workers(1).answer(lines);
  EXPECT_TRUE(expected.ends_with("X-Lines-Failed: 60\r\nX-Fields-Sealed: 5941\r\n\r\n"))
      << expected.substr(0, 500);
  const Workers several(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(several.answer(lines) == expected);
  EXPECT_EQ(several.held(), 0U);
}

TEST(BatchTest, several_batches_share_the_workers) {
  const std::string lines = many_lines();
  const Workers workers(3);
  const std::string expected = workers.answer(lines);
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back([&] { EXPECT_TRUE(workers.answer(lines) == expected); });
  for (std::thread& client : clients) client.join();
}

TEST(BatchTest, a_client_that_leaves_frees_what_its_batch_held) {
  const std::string lines = many_lines();
  const Workers workers(3);
  for (int i = 0; i < 20; ++i) {
    const os::UniqueFd client = workers.connect();
    const std::string message = Workers::head(lines.size()) + lines.substr(0, lines.size() / 2);
    EXPECT_GT(::send(client.get(), message.data(), message.size(), MSG_DONTWAIT), 0);
  }
  EXPECT_NE(workers.answer(lines), "closed");
  for (int i = 0; i < 1'000 && workers.held() != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(workers.held(), 0U);
}

}  // namespace
}  // namespace nes::service
