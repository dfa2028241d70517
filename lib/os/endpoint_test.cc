#include "os/endpoint.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

namespace nes::os {
namespace {

constexpr int kTimeoutMs = 2000;

UniqueFd accept_one(int listener) {
  for (int i = 0; i < 2000; ++i) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (fd) return fd;
    ::usleep(1000);
  }
  return {};
}

TEST(Endpoint, parses_the_three_kinds_and_prints_them_back) {
  for (const std::string_view text :
       {"tcp:127.0.0.1:8443", "tcp:localhost:1", "tcp:[::1]:65535", "tcp:0.0.0.0:0", "vsock:3:8000",
        "vsock:16:443", "vsock:any:8014", "vsock:4294967294:4294967294", "uds:/run/e.vsock:5000"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(format_endpoint(*endpoint), text);
  }
  EXPECT_EQ(parse_endpoint("vsock:any:1")->cid, kAnyCid);
}

TEST(Endpoint, refuses_everything_else) {
  const std::string long_path(200, 'p');
  for (const std::string& text : std::vector<std::string>{"",
                                                          "tcp",
                                                          "tcp:",
                                                          "tcp:1",
                                                          "tcp::80",
                                                          "tcp:127.0.0.1:",
                                                          "tcp:127.0.0.1:65536",
                                                          "tcp:127.0.0.1:-1",
                                                          "tcp:127.0.0.1:+1",
                                                          "tcp:127.0.0.1: 1",
                                                          "tcp:127.0.0.1:0x1",
                                                          "tcp:example.com:80",
                                                          "tcp:127.0.0.256:80",
                                                          "tcp:::1:80",
                                                          "tcp:[::1:80",
                                                          "vsock:3",
                                                          "vsock::80",
                                                          "vsock:-1:80",
                                                          "vsock:4294967295:80",
                                                          "vsock:4294967296:80",
                                                          "vsock:3:4294967295",
                                                          "vsock:3:99999999999",
                                                          "uds:1",
                                                          "uds::1",
                                                          "uds:/p:x",
                                                          "http:127.0.0.1:80",
                                                          "TCP:127.0.0.1:80",
                                                          "uds:" + long_path + ":1"})
    EXPECT_FALSE(parse_endpoint(text).ok()) << text;
}

TEST(Endpoint, listens_and_connects_over_tcp) {
  const auto listener = listen_on(*parse_endpoint("tcp:127.0.0.1:0"), 8);
  ASSERT_TRUE(listener.ok());
  const std::uint16_t port = bound_tcp_port(listener->get());
  ASSERT_NE(port, 0);
  const auto client = connect_to(with_port(*parse_endpoint("tcp:127.0.0.1:0"), port), kTimeoutMs);
  ASSERT_TRUE(client.ok());
  EXPECT_TRUE(accept_one(listener->get()));
}

TEST(Endpoint, reports_a_refused_connection_with_its_errno) {
  auto listener = listen_on(*parse_endpoint("tcp:127.0.0.1:0"), 8);
  const std::uint16_t port = bound_tcp_port(listener->get());
  listener->reset();
  const auto client = connect_to(with_port(*parse_endpoint("tcp:127.0.0.1:0"), port), kTimeoutMs);
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().code, ErrorCode::kIo);
  EXPECT_EQ(client.error().position, static_cast<std::uint64_t>(ECONNREFUSED));
}

class UnixSocket : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/nes-endpoint-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(UnixSocket, listens_at_path_underscore_port_and_replaces_a_stale_file) {
  const auto endpoint = parse_endpoint("uds:" + folder_ + "/v:8000");
  { ASSERT_TRUE(listen_on(*endpoint, 1).ok()); }
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/v_8000")) << "the file outlives its socket";
  EXPECT_TRUE(listen_on(*endpoint, 1).ok());
}

// A peer as QEMU's vsock daemon is: accepts at PATH, reads the CONNECT line, answers with `answer`.
void serve_connect(int listener, std::string answer, std::string* request) {
  const UniqueFd peer = accept_one(listener);
  char byte = 0;
  while (::recv(peer.get(), &byte, 1, 0) == 1) {
    request->push_back(byte);
    if (byte == '\n') break;
  }
  for (const char c : answer) {  // a byte at a time
    (void)::send(peer.get(), &c, 1, MSG_NOSIGNAL);
    ::usleep(1000);
  }
  ::usleep(20'000);
}

TEST_F(UnixSocket, connects_with_the_connect_line_and_takes_nothing_of_the_stream) {
  // A listener binds PATH_PORT, so a listener for PATH itself is made from a path that ends in the right way.
  const auto listener = listen_on(*parse_endpoint("uds:" + folder_ + "/daemon:1"), 1);
  std::string request;
  std::thread peer(serve_connect, listener->get(), "OK 1073741824\nhello", &request);
  const auto client = connect_to(*parse_endpoint("uds:" + folder_ + "/daemon_1:443"), kTimeoutMs);
  peer.join();
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(request, "CONNECT 443\n");
  char rest[16];
  EXPECT_EQ(::recv(client->get(), rest, sizeof rest, 0), 5);
}

TEST_F(UnixSocket, refuses_a_peer_that_does_not_say_ok) {
  for (const std::string answer :
       {"NO\n", "", "OK", "ok 1\n", "OKAY 1\n", "0123456789012345678901234567890123456789\n"}) {
    const auto listener = listen_on(*parse_endpoint("uds:" + folder_ + "/daemon:1"), 1);
    std::string request;
    std::thread peer(serve_connect, listener->get(), answer, &request);
    const auto client = connect_to(*parse_endpoint("uds:" + folder_ + "/daemon_1:443"), kTimeoutMs);
    peer.join();
    ASSERT_FALSE(client.ok()) << answer;
    EXPECT_NE(client.error().code, ErrorCode::kTimeout) << answer;
  }
}

TEST_F(UnixSocket, gives_up_after_the_timeout) {
  const auto listener = listen_on(*parse_endpoint("uds:" + folder_ + "/daemon:1"), 1);
  const auto client = connect_to(*parse_endpoint("uds:" + folder_ + "/daemon_1:443"), 50);
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().code, ErrorCode::kTimeout);
}

}  // namespace
}  // namespace nes::os
