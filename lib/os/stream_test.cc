#include "os/stream.h"

#include <sys/socket.h>

#include <string>

#include <gtest/gtest.h>

namespace nes::os {
namespace {

struct Pair {
  Pair() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    left = std::make_unique<PlainStream>(UniqueFd(fds[0]));
    right = std::make_unique<PlainStream>(UniqueFd(fds[1]));
  }
  std::unique_ptr<PlainStream> left, right;
};

TEST(PlainStream, carries_bytes_and_says_when_there_are_none) {
  Pair pair;
  char buffer[16];
  EXPECT_EQ(pair.right->read(buffer).status, StreamStatus::kWantRead);
  const std::string_view text = "hello";
  EXPECT_EQ(pair.left->write(text).bytes, text.size());
  const StreamResult got = pair.right->read(buffer);
  EXPECT_EQ(got.status, StreamStatus::kOk);
  EXPECT_EQ(std::string_view(buffer, got.bytes), text);
}

TEST(PlainStream, reports_a_full_peer_and_goes_on_when_it_has_read) {
  Pair pair;
  const std::string block(64 * 1024, 'x');
  StreamResult sent{StreamStatus::kOk};
  while (sent.status == StreamStatus::kOk) sent = pair.left->write(block);
  EXPECT_EQ(sent.status, StreamStatus::kWantWrite);
  std::string sink(256 * 1024, '\0');
  while (pair.right->read(sink).status == StreamStatus::kOk) {
  }
  EXPECT_EQ(pair.left->write(block).status, StreamStatus::kOk);
}

TEST(PlainStream, half_closes) {
  Pair pair;
  char buffer[16];
  pair.left->end();
  EXPECT_EQ(pair.right->read(buffer).status, StreamStatus::kClosed);
  EXPECT_EQ(pair.right->write(std::string_view("still")).bytes, 5U);
  EXPECT_EQ(pair.left->read(buffer).bytes, 5U);
}

TEST(PlainStream, discards_what_comes_in_after_its_own_end) {
  Pair pair;
  shutdown_write(pair.left->fd());
  EXPECT_EQ(discard_input(pair.left->fd()), StreamStatus::kWantRead);
  EXPECT_EQ(pair.right->write(std::string(100'000, 'x')).status, StreamStatus::kOk);
  EXPECT_EQ(discard_input(pair.left->fd()), StreamStatus::kOk) << "a bounded amount a call";
  EXPECT_EQ(discard_input(pair.left->fd()), StreamStatus::kWantRead);
  pair.right.reset();
  EXPECT_EQ(discard_input(pair.left->fd()), StreamStatus::kClosed);
}

TEST(PlainStream, fails_without_a_signal_when_the_peer_is_gone) {
  Pair pair;
  pair.right.reset();
  EXPECT_EQ(pair.left->write(std::string_view("x")).status, StreamStatus::kFailed);
}

}  // namespace
}  // namespace nes::os
