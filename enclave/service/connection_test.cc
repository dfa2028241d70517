// What one connection may take of the service: memory for its answers, and time of a round.
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "enclave/service/service_for_test.h"

namespace nes::service {
namespace {

constexpr std::string_view kSchema =
    "openapi: 3.1.0\ncomponents: {schemas: {A: {properties: {list: {type: array, items: {x-pii: true}}, "
    "text: "
    "{type: string}}}}}\n";
constexpr std::size_t kMost = 1'000'000;
constexpr std::size_t kOne = 55;  // of an answer: a sealed digit with its quotes and its comma

std::string list_of(std::size_t values) {
  std::string text = R"({"list":[1)";
  for (std::size_t i = 1; i < values; ++i) text += ",1";
  return text + "]}";
}

std::string request(std::string_view body, std::string_view type = "application/json") {
  return "POST /v1/encrypt HTTP/1.1\r\nHost: h\r\nX-Schema-Name: a\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    service_.listen_with(*worker_);
    service_.state().exchange.add_helper(*worker_, [] {});
  }

  void send(const os::UniqueFd& client, std::string_view message) {
    while (!message.empty()) {
      const ssize_t sent = ::send(client.get(), message.data(), message.size(), MSG_DONTWAIT);
      if (sent > 0) message.remove_prefix(static_cast<std::size_t>(sent));
      worker_->loop().run_once(0);
    }
    for (int i = 0; i < 100; ++i) worker_->loop().run_once(0);
  }
  // All that comes until `end` has come.
  std::string read(const os::UniqueFd& client, std::string_view end) {
    std::string got;
    char block[65'536];
    for (int idle = 0; idle < 1'000 && !got.ends_with(end);) {
      worker_->loop().run_once(1);
      const ssize_t size = ::recv(client.get(), block, sizeof block, MSG_DONTWAIT);
      idle = size > 0 ? 0 : idle + 1;
      if (size > 0) got.append(block, static_cast<std::size_t>(size));
    }
    return got;
  }
  std::string exchange(const os::UniqueFd& client, std::string_view body) {
    send(client, request(body));
    return read(client, "}");
  }

  ServiceForTest service_{"a", kSchema, kMost};
  std::unique_ptr<Worker> worker_ = Worker::create(service_.state()).value();
};

bool says(std::string_view answer, std::string_view status, std::string_view what) {
  return answer.starts_with("HTTP/1.1 " + std::string(status)) && answer.find(what) != std::string_view::npos;
}

TEST_F(ConnectionTest, an_answer_that_could_never_be_held_is_refused) {
  const os::UniqueFd client = service_.connect();
  EXPECT_TRUE(says(exchange(client, list_of(kMost / kOne + 1)), "413", "\"body_too_large\""));
  EXPECT_TRUE(says(exchange(client, list_of(kMost / kOne * 9 / 10)), "200", "X-Fields-Sealed: 16362"));
  EXPECT_EQ(service_.held(), 0U);
}

TEST_F(ConnectionTest, answers_that_wait_to_be_sent_take_the_room_of_others) {
  const os::UniqueFd slow = service_.connect(), other = service_.connect();
  const std::string large = list_of(11'000);
  send(slow, request(large));
  const std::uint64_t held = service_.held();
  EXPECT_GT(held, 11'000 * kOne);
  EXPECT_LT(held, 11'000 * kOne + 2'000) << "it counts once";
  const std::string refused = exchange(other, large);
  EXPECT_TRUE(says(refused, "503", "\"overloaded\"")) << refused;
  EXPECT_TRUE(says(refused, "503", "Retry-After: "));
  EXPECT_EQ(service_.held(), held);
  EXPECT_TRUE(says(exchange(other, list_of(200)), "200", "v2.")) << "a small one is answered all the same";
  EXPECT_TRUE(says(read(slow, "]}"), "200", "X-Fields-Sealed: 11000"));
  EXPECT_EQ(service_.held(), 0U);
  EXPECT_TRUE(says(exchange(other, large), "200", "X-Fields-Sealed: 11000"));
  EXPECT_EQ(service_.held(), 0U);
}

TEST_F(ConnectionTest, what_a_client_has_not_taken_is_given_back_when_it_goes) {
  os::UniqueFd client = service_.connect();
  send(client, request(list_of(11'000)));
  EXPECT_GT(service_.held(), 0U);
  client.reset();
  for (int i = 0; i < 10; ++i) worker_->loop().run_once(1);
  EXPECT_EQ(service_.held(), 0U);
}

TEST_F(ConnectionTest, a_line_whose_answer_has_no_room_fails_alone) {
  const os::UniqueFd client = service_.connect(), slow = service_.connect();
  const std::string large = list_of(9'000);
  const std::string lines = list_of(1) + "\n" + list_of(kMost / kOne + 1) + "\n" + large + "\n" + list_of(2);
  const std::string batch = request(lines, "application/x-ndjson");
  constexpr std::string_view kTooLarge = R"({"$error":{"code":"body_too_large","line":2}})";
  send(client, batch);
  const std::string answer = read(client, "\r\n\r\n");
  EXPECT_TRUE(says(answer, "200", kTooLarge));
  EXPECT_TRUE(says(answer, "200", "X-Lines-Failed: 1\r\nX-Fields-Sealed: 9003\r\n"));
  EXPECT_EQ(service_.held(), 0U);
  send(slow, request(list_of(11'000)));
  send(client, batch);
  const std::string overloaded = read(client, "\r\n\r\n");
  EXPECT_TRUE(says(overloaded, "200", R"({"$error":{"code":"overloaded","line":3}})"));
  EXPECT_TRUE(says(overloaded, "200", "X-Lines-Failed: 2\r\nX-Fields-Sealed: 3\r\n"));
  read(slow, "]}");
  EXPECT_EQ(service_.held(), 0U);
}

// Gives bytes of one endless line whenever it is asked.
class Endless final : public os::Stream {
 public:
  explicit Endless(std::string_view head) : head_(head) {}
  int fd() const noexcept override { return fd_.get(); }
  os::StreamStatus handshake() override { return os::StreamStatus::kOk; }
  os::StreamResult read(std::span<char> out) override {
    if (++reads > kMostReads) return {os::StreamStatus::kWantRead};
    const std::size_t size = head_.empty() ? out.size() : head_.size();
    std::memset(out.data(), 'x', out.size());
    std::copy(head_.begin(), head_.end(), out.begin());
    head_ = {};
    return {os::StreamStatus::kOk, size};
  }
  bool has_buffered() const override { return true; }
  os::StreamResult write(std::span<const char> data) override { return {os::StreamStatus::kOk, data.size()}; }
  void end() override {}

  static constexpr int kMostReads = 10'000;
  int reads = 0;

 private:
  std::string_view head_;
  os::UniqueFd fd_{::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
};

TEST_F(ConnectionTest, reads_a_bounded_part_of_an_endless_line_in_a_round) {
  auto owned = std::make_unique<Endless>(
      "POST /v1/encrypt HTTP/1.1\r\nHost: h\r\nX-Schema-Name: a\r\nContent-Type: application/x-ndjson\r\n"
      "Content-Length: 1000000000000\r\n\r\n");
  Endless& stream = *owned;
  Connection connection(*worker_, std::move(owned), service_routes());
  ASSERT_TRUE(connection.start());
  for (int round = 0; round < 10; ++round) {
    const int before = stream.reads;
    worker_->loop().run_once(0);
    EXPECT_GT(stream.reads, before) << "it goes on";
    EXPECT_LE(stream.reads, before + 2 * limits::kReadsPerRound) << round;
  }
}

}  // namespace
}  // namespace nes::service
