#include "devkit/nsm_emulator/socket_server.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "attest/nsm_codec.h"
#include "base/limits.h"
#include "os/unique_fd.h"

namespace nes::nsm_emulator {
namespace {

constexpr std::int64_t kNowMs = 1'800'000'000'000;

class FixedClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return 0; }
  std::int64_t unix_ms() const noexcept override { return kNowMs; }
};

std::promise<void>* g_ready = nullptr;  // serve() takes a plain function

class SocketServerTest : public testing::Test {
 protected:
  void SetUp() override {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &set, nullptr), 0);
    char name[] = "/tmp/nes-nsm-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    path_ = folder_ + "/nsm.sock";
  }
  void TearDown() override {
    if (server_.joinable()) stop();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    std::promise<void> ready;
    g_ready = &ready;
    server_ = std::thread([this] { ended_ = serve(path_, module_, [] { g_ready->set_value(); }).ok(); });
    ready.get_future().wait();
  }
  void stop() {
    ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
    server_.join();
  }

  os::UniqueFd connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    os::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return fd;
  }
  static void send(const os::UniqueFd& fd, ByteView bytes) {
    ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  static Bytes framed(ByteView message) {
    Bytes frame(4);
    base::store_u32be(static_cast<std::uint32_t>(message.size()), frame.data());
    frame.insert(frame.end(), message.begin(), message.end());
    return frame;
  }
  // One answer; empty if the server hangs up.
  static Bytes receive(const os::UniqueFd& fd) {
    std::uint8_t length[4];
    if (::recv(fd.get(), length, sizeof length, MSG_WAITALL) != sizeof length) return {};
    std::size_t size = 0;
    for (const std::uint8_t byte : length) size = size << 8 | byte;
    Bytes message(size);
    if (::recv(fd.get(), message.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) return {};
    return message;
  }

  FixedClock clock_;
  Module module_{Chain::make(usual_plans(kNowMs)).value(), {{0, attest::Pcr{7}}}, clock_};
  std::string folder_, path_;
  std::thread server_;
  bool ended_ = false;
};

TEST_F(SocketServerTest, answers_several_requests_on_each_of_several_connections) {
  start();
  const os::UniqueFd first = connect(), second = connect();
  ASSERT_TRUE(first && second);
  for (int i = 0; i < 3; ++i) {
    for (const os::UniqueFd* const fd : {&second, &first}) {
      send(*fd, framed(attest::encode_describe_pcr_request(0)));
      EXPECT_EQ(attest::decode_describe_pcr_response(receive(*fd)).value(), attest::Pcr{7});
    }
  }
}

TEST_F(SocketServerTest, takes_a_request_byte_by_byte) {
  start();
  const os::UniqueFd fd = connect();
  for (const std::uint8_t byte : framed(attest::encode_get_random_request())) {
    send(fd, Bytes{byte});
    std::this_thread::yield();
  }
  EXPECT_TRUE(attest::decode_get_random_response(receive(fd)).ok());
}

TEST_F(SocketServerTest, lets_the_module_refuse_a_request_that_is_too_large_and_hangs_up_on_a_larger_one) {
  start();
  const os::UniqueFd fd = connect();
  send(fd, framed(Bytes(limits::kNsmRequestBytes + 1)));
  EXPECT_EQ(receive(fd), cbor::Writer().map(1).text("Error").text("InputTooLarge").result());
  send(fd, Bytes{0xFF, 0xFF, 0xFF, 0xFF});
  EXPECT_EQ(receive(fd), Bytes());
}

TEST_F(SocketServerTest, hangs_up_on_connections_over_its_limit) {
  start();
  std::vector<os::UniqueFd> connections;
  for (std::size_t i = 0; i < limits::kEmulatorConnections; ++i) connections.push_back(connect());
  send(connections.back(), framed(attest::encode_get_random_request()));
  EXPECT_FALSE(receive(connections.back()).empty());
  const os::UniqueFd over = connect();
  EXPECT_EQ(receive(over), Bytes());
}

TEST_F(SocketServerTest, ends_by_sigterm_with_connections_open_and_removes_its_socket) {
  start();
  const os::UniqueFd idle = connect();
  ASSERT_TRUE(idle);
  stop();
  EXPECT_TRUE(ended_);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(receive(idle), Bytes());
  EXPECT_FALSE(connect());
}

TEST_F(SocketServerTest, replaces_a_stale_socket_but_no_other_file) {
  const auto never = [] { ADD_FAILURE() << "it listens"; };
  std::ofstream(path_) << "precious";
  EXPECT_EQ(serve(path_, module_, never).error().code, ErrorCode::kIo);
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
  std::filesystem::remove(path_);
  {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    const os::UniqueFd stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(stale.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  start();
  EXPECT_TRUE(connect());
}

TEST_F(SocketServerTest, refuses_a_path_that_no_socket_can_have) {
  const auto never = [] { ADD_FAILURE() << "it listens"; };
  EXPECT_EQ(serve(std::string(108, 'x'), module_, never).error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace nes::nsm_emulator
