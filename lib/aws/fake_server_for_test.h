// For tests alone: a server of this process that answers as it is told, a dialer that leads everyone to it,
// and a clock and pauses that take no time.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "aws/client.h"
#include "aws/transfer.h"
#include "os/endpoint.h"
#include "tls/server.h"

namespace nes::aws {

// The system's clock, moved.
class MovedClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return system_.monotonic_ms() + slept_ms; }
  std::int64_t unix_ms() const noexcept override { return system_.unix_ms() + slept_ms + moved_ms; }

  std::atomic<std::int64_t> slept_ms{0};
  std::atomic<std::int64_t> moved_ms{0};

 private:
  base::SystemClock system_;
};

class FakeServer {
 public:
  // The bytes that a connection is answered with, by its request and its number (from 0). Then it is closed.
  using Handler = std::function<std::string(const std::string& request, std::size_t number)>;

  explicit FakeServer(Handler handler, std::shared_ptr<const tls::ServerContext> tls = nullptr)
      : handler_(std::move(handler)), tls_(std::move(tls)), thread_([this] { run(); }) {}
  ~FakeServer() {
    stopping_ = true;
    thread_.join();
  }

  os::Endpoint endpoint() const { return {.host = "127.0.0.1", .port = os::bound_tcp_port(listener_.get())}; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  void answer_byte_by_byte() { byte_by_byte_ = true; }
  void hold_after_answer() { hold_ = true; }

 private:
  void run() {
    while (!stopping_) {
      pollfd entry{listener_.get(), POLLIN, 0};
      if (::poll(&entry, 1, 5) <= 0) continue;
      os::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd) serve(std::move(fd));
    }
  }

  void serve(os::UniqueFd fd) {
    const Until until(clock_, 5000);
    std::unique_ptr<os::Stream> stream;
    if (tls_)
      stream = tls_->accept(std::move(fd)).value();
    else
      stream = std::make_unique<os::PlainStream>(std::move(fd));
    if (!handshake(*stream, until).ok()) return;
    std::string request;
    while (!is_complete(request)) {
      char buffer[4096];
      const auto got = read_some(*stream, buffer, until);
      if (!got.ok() || *got == 0) return;
      request.append(buffer, *got);
    }
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = requests_.size();
      requests_.push_back(request);
    }
    const std::string answer = handler_(request, number);
    const std::size_t piece = byte_by_byte_ ? 1 : std::max<std::size_t>(answer.size(), 1);
    for (std::size_t at = 0; at < answer.size(); at += piece) {
      if (!write_all(*stream, std::string_view(answer).substr(at, piece), until).ok()) return;
      if (byte_by_byte_ && at % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    while (hold_ && !stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    stream->end();
  }

  static bool is_complete(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::size_t at = request.find("Content-Length: ");
    const std::size_t length = at < end ? std::stoul(request.substr(at + 16)) : 0;
    return request.size() >= end + 4 + length;
  }

  base::SystemClock clock_;
  os::UniqueFd listener_ = os::listen_on({.host = "127.0.0.1", .port = 0}, 16).value();
  Handler handler_;
  std::shared_ptr<const tls::ServerContext> tls_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::atomic<bool> byte_by_byte_{false};
  std::atomic<bool> hold_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// Connects to one place whatever the host, and remembers the hosts.
class FixedDialer final : public Dialer {
 public:
  explicit FixedDialer(os::Endpoint to) : to_(std::move(to)) {}
  Result<os::UniqueFd> dial(std::string_view host, std::uint16_t port, std::int64_t timeout_ms) override {
    hosts.push_back(std::string(host) + ":" + std::to_string(port));
    return os::connect_to(to_, static_cast<int>(timeout_ms));
  }
  std::vector<std::string> hosts;

 private:
  os::Endpoint to_;
};

class FixedCredentials final : public CredentialsSource {
 public:
  Result<Credentials> fetch() override {
    ++fetched;
    return Credentials{"AKID" + std::to_string(fetched), secret::SecretBytes::copy_of(as_bytes("secret")),
                       "token", INT64_MAX};
  }
  int fetched = 0;
};

inline std::string answer_of(int status, std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// A client whose every service is `server`, with pauses that only move the clock.
struct FakeAws {
  explicit FakeAws(FakeServer::Handler handler) : server(std::move(handler)) {}

  MovedClock clock;
  FakeServer server;
  FixedDialer dialer{server.endpoint()};
  FixedCredentials source;
  CredentialsProvider credentials{source, clock, [](std::uint64_t) { return 0; }};
  std::vector<std::int64_t> pauses;
  Client client{
      {dialer, nullptr, clock},
      credentials,
      {.random_below = [](std::uint64_t bound) { return bound == 0 ? 0 : bound - 1; },
       .sleep_ms =
           [this](std::int64_t ms) {
             pauses.push_back(ms);
             clock.slept_ms += ms;
           }},
      {.region = "us-east-1", .endpoint = Address{.tls = false, .host = "127.0.0.1", .port = 4566}}};
};

}  // namespace nes::aws
