#include "enclave/service/pending_output.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace nes::service {
namespace {

// Takes `room` bytes, at most three at a time, and then says `status`.
class Narrow final : public os::Stream {
 public:
  int fd() const noexcept override { return -1; }
  os::StreamStatus handshake() override { return os::StreamStatus::kOk; }
  os::StreamResult read(std::span<char> /*out*/) override { return {os::StreamStatus::kWantRead}; }
  bool has_buffered() const override { return false; }
  os::StreamResult write(std::span<const char> data) override {
    const std::size_t size = std::min({data.size(), room, std::size_t{3}});
    if (size == 0) return {status};
    taken.append(data.data(), size);
    room -= size;
    return {os::StreamStatus::kOk, size};
  }
  void end() override {}

  std::string taken;
  std::size_t room = 0;
  os::StreamStatus status = os::StreamStatus::kWantWrite;
};

TEST(PendingOutput, sends_everything_in_order_however_little_is_taken_at_a_time) {
  const std::string first = "first of all", second = ", then more";
  for (std::size_t room = 0; room <= first.size() + second.size(); ++room) {
    Narrow stream;
    PendingOutput output;
    stream.room = room;
    output.send(stream, first);
    EXPECT_EQ(output.empty(), room >= first.size());
    output.send(stream, second);
    std::size_t sent = 0;
    while (output.flush(stream, sent) != os::StreamStatus::kOk) stream.room = 1;
    EXPECT_EQ(stream.taken, first + second) << room;
    EXPECT_TRUE(output.empty());
    EXPECT_EQ(output.size(), 0U);
  }
}

TEST(PendingOutput, takes_over_what_is_large_and_copies_what_is_small) {
  for (const std::size_t rest : {limits::kKeptBufferBytes, limits::kKeptBufferBytes + 1}) {
    Narrow stream;
    PendingOutput output;
    secret::SecretBytes bytes(9 + rest);
    bytes.reveal_mutable()[9] = 'r';
    const std::uint8_t* const memory = bytes.reveal().data();
    stream.room = 4;
    output.send(stream, bytes, 5);
    EXPECT_EQ(stream.taken, std::string(4, '\0'));
    EXPECT_EQ(bytes.reveal().data() == memory, rest == limits::kKeptBufferBytes) << rest;
    std::size_t sent = 0;
    stream.room = rest;
    EXPECT_EQ(output.flush(stream, sent), os::StreamStatus::kOk);
    EXPECT_EQ(sent, rest);
    EXPECT_EQ(stream.taken[4], 'r');
  }
  Narrow stream;
  PendingOutput output;
  output.append(std::string_view("abc"));
  secret::SecretBytes bytes(limits::kKeptBufferBytes + 1);
  output.send(stream, bytes, 0);
  std::size_t sent = 0;
  stream.room = 2 * limits::kKeptBufferBytes;
  EXPECT_EQ(output.flush(stream, sent), os::StreamStatus::kOk);
  EXPECT_EQ(sent, 3 + bytes.size()) << "behind what was pending";
}

TEST(PendingOutput, says_why_nothing_more_is_taken) {
  Narrow stream;
  PendingOutput output;
  output.append(std::string_view("abc"));
  std::size_t sent = 0;
  stream.room = 2;
  EXPECT_EQ(output.flush(stream, sent), os::StreamStatus::kWantWrite);
  EXPECT_EQ(sent, 2U);
  stream.status = os::StreamStatus::kFailed;
  EXPECT_EQ(output.flush(stream, sent), os::StreamStatus::kFailed);
  EXPECT_EQ(sent, 2U);
  output.clear();
  EXPECT_EQ(output.flush(stream, sent), os::StreamStatus::kOk);
}

}  // namespace
}  // namespace nes::service
