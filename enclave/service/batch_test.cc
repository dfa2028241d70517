// Batches through workers that run, over a socket without TLS: one worker and several give the same answer.
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "enclave/service/service_for_test.h"

namespace nes::service {
namespace {

constexpr std::string_view kSchema =
    "openapi: 3.1.0\ncomponents: {schemas: {A: {properties: {n: {x-pii: {mode: deterministic, context: "
    "n}}}}}}\n";

// Workers of one service, the first of which listens.
class Workers {
 public:
  explicit Workers(std::size_t count) {
    State& state = service_.state();
    for (std::size_t i = 0; i < count; ++i) {
      workers_.push_back(Worker::create(state).value());
      state.exchange.add_helper(*workers_[i], [this, i] { workers_[i]->request_help(); });
    }
    service_.listen_with(*workers_[0]);
    for (const auto& worker : workers_) threads_.emplace_back([&worker] { worker->run(); });
  }
  ~Workers() {
    for (const auto& worker : workers_) worker->request_stop();
    for (std::thread& thread : threads_) thread.join();
  }

  os::UniqueFd connect() const { return service_.connect(); }

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
  std::uint64_t held() const { return service_.held(); }

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

  ServiceForTest service_{"a", kSchema, 1 << 26};
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
