#include "telemetry/log_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "telemetry/log.h"

namespace nes::telemetry {
namespace {

constexpr int kPatienceMs = 5000;

// A receiver of the log that can go away and come back at the same place.
class TheReceiver {
 public:
  TheReceiver() { open("tcp:127.0.0.1:0"); }

  void open(const std::string& text) {
    auto listener = os::listen_on(*os::parse_endpoint(text), 8);
    ASSERT_TRUE(listener.ok());
    endpoint = os::with_port(*os::parse_endpoint(text), os::bound_tcp_port(listener->get()));
    listener_ = std::move(listener).value();
  }
  void close() {
    peer_.reset();
    listener_.reset();
  }
  void reopen() { open(os::format_endpoint(endpoint)); }
  // Ends a connection but keeps listening.
  void hang_up() { peer_.reset(); }

  // What arrives until `end` does, or until patience ends.
  std::string read_until(std::string_view end) {
    std::string text;
    while (text.find(end) == std::string::npos) {
      pollfd entry{peer_ ? peer_.get() : listener_.get(), POLLIN, 0};
      if (::poll(&entry, 1, kPatienceMs) <= 0) break;
      if (!peer_) {
        peer_ = os::UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        continue;
      }
      char buffer[4096];
      const ssize_t got = ::recv(peer_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }

  os::Endpoint endpoint;

 private:
  os::UniqueFd listener_, peer_;
};

std::string sequence(int number) { return "{\"seq\":" + std::to_string(number) + ","; }

TEST(LogReceiver, gets_numbered_lines) {
  const base::SystemClock clock;
  TheReceiver receiver;
  Log log(clock, Level::kInfo, sink_to(receiver.endpoint, clock));
  log.write(ServiceReady{.keys = 1, .schemas = 2});
  log.write(AcceptPaused{.system_error = 24});
  const std::string text = receiver.read_until("accept_paused\",\"errno\":24}\n");
  EXPECT_TRUE(text.starts_with(sequence(1))) << text;
  EXPECT_NE(text.find("\n" + sequence(2)), std::string::npos) << text;
}

TEST(LogReceiver, gets_what_was_written_before_it_was_there) {
  const base::SystemClock clock;
  TheReceiver receiver;
  receiver.close();
  Log log(clock, Level::kInfo, sink_to(receiver.endpoint, clock));
  log.write(ServiceReady{.keys = 1, .schemas = 2});
  ::poll(nullptr, 0, 50);  // the first try has failed by now
  receiver.reopen();
  EXPECT_TRUE(receiver.read_until("}\n").starts_with(sequence(1)));
  EXPECT_EQ(log.dropped(), 0U);
}

TEST(LogReceiver, is_connected_to_again_and_gets_whole_lines) {
  const base::SystemClock clock;
  TheReceiver receiver;
  Log log(clock, Level::kInfo, sink_to(receiver.endpoint, clock));
  log.write(ServiceReady{.keys = 1, .schemas = 1});
  EXPECT_TRUE(receiver.read_until("}\n").starts_with(sequence(1)));
  receiver.hang_up();
  // What is sent before the loss is noticed is lost; what arrives on the new connection begins with a line.
  std::string text;
  for (int i = 0; i < 50 && text.empty(); ++i) {
    log.write(ServiceReady{.keys = 2, .schemas = 2});
    ::poll(nullptr, 0, 20);
    if (i > 1) text = receiver.read_until("}\n");
  }
  EXPECT_TRUE(text.starts_with("{\"seq\":")) << text;
}

TEST(LogReceiver, that_never_comes_costs_lines_and_no_time) {
  const base::SystemClock clock;
  TheReceiver receiver;
  receiver.close();
  const std::int64_t begin_ms = clock.monotonic_ms();
  {
    Log log(clock, Level::kInfo, sink_to(receiver.endpoint, clock));
    constexpr std::uint64_t kLines = 3 * limits::kLogQueueBytes / 100;
    for (std::uint64_t i = 0; i < kLines; ++i) log.write(ServiceReady{.keys = i, .schemas = i});
    EXPECT_GT(log.dropped(), 0U);
    EXPECT_LT(log.dropped(), kLines);
  }
  EXPECT_LT(clock.monotonic_ms() - begin_ms, kPatienceMs);
}

// Takes a few bytes at a time and loses its connection in the middle of the second line.
class LosingSink final : public LogSink {
 public:
  explicit LosingSink(std::string& arrived) : arrived_(arrived) {}
  Taken take(std::string_view text) override {
    if (!lost_ && arrived_.find('\n') != std::string::npos && !arrived_.ends_with('\n')) {
      lost_ = true;
      arrived_ += "|";
      return {.state = Taken::State::kRestarts};
    }
    arrived_ += text.substr(0, 7);
    return {.bytes = std::min<std::size_t>(7, text.size())};
  }

 private:
  std::string& arrived_;
  bool lost_ = false;
};

TEST(LogSink, that_restarts_is_given_the_begun_line_again) {
  const base::SystemClock clock;
  std::string arrived;
  {
    Log log(clock, Level::kInfo, std::make_unique<LosingSink>(arrived));
    for (std::uint64_t i = 1; i <= 3; ++i) log.write(ServiceReady{.keys = i, .schemas = 0});
  }
  const std::size_t loss = arrived.find('|');
  ASSERT_NE(loss, std::string::npos) << arrived;
  const std::size_t begun = arrived.rfind('\n', loss) + 1;
  EXPECT_TRUE(arrived.substr(loss + 1).starts_with(arrived.substr(begun, loss - begun))) << arrived;
  for (int i = 1; i <= 3; ++i) EXPECT_NE(arrived.find(sequence(i)), std::string::npos) << arrived;
}

}  // namespace
}  // namespace nes::telemetry
