// An exporter against servers of this process.
#include "telemetry/exporter.h"

#include <fcntl.h>

#include <atomic>

#include <gtest/gtest.h>

#include "aws/fake_server_for_test.h"
#include "telemetry/otlp_messages.h"

namespace nes::telemetry {
namespace {

class OnePerCall final : public ExportSource {
 public:
  std::size_t waiting() override { return left; }
  std::size_t write(OtlpEncoder& out) override {
    if (left == 0) return 0;
    --left;
    out.text({1, "n"}, "x");
    return 1;
  }
  std::atomic<std::size_t> left{0};
};

class ExporterTest : public testing::Test {
 protected:
  std::unique_ptr<Exporter> start(aws::Dialer& dialer, std::int64_t export_ms,
                                  OtlpWire wire = OtlpWire::kHttpJson) {
    return std::make_unique<Exporter>(
        Exporter::Options{.signal = "logs",
                          .dropped = Counter::kLogRecordsDropped,
                          .interval_ms = 10,
                          .batch = 100,
                          .attempt_ms = 1'000,
                          .export_ms = export_ms,
                          .interrupt = [this] { ++interrupted; },
                          .random_below = [](std::uint64_t bound) { return bound - 1; }},
        source,
        OtlpClient({dialer, nullptr, clock}, {.wire = wire,
                                              .address = {.tls = false, .host = "h", .port = 1},
                                              .path = "/p",
                                              .headers = {{"x-key", "v"}}}),
        clock, log, counters.add_shard());
  }
  template <typename Condition>
  static void wait_for(Condition condition) {
    for (int i = 0; i < 1'000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(condition());
  }

  base::SystemClock clock;
  os::UniqueFd null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  std::shared_ptr<LogRecords> records = std::make_shared<LogRecords>(100);
  Log log{clock, Level::kInfo, null.get(), records};
  CounterRegistry counters;
  OnePerCall source;
  std::atomic<int> interrupted{0};
};

TEST_F(ExporterTest, sends_what_waits_when_its_time_has_come) {
  aws::FakeServer server([](const std::string&, std::size_t) { return aws::answer_of(200, "{}"); });
  aws::FixedDialer dialer(server.endpoint());
  source.left = 3;
  const auto exporter = start(dialer, 5'000);
  wait_for([&] { return server.requests().size() == 3; });
  const std::string request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /p HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("x-key: v\r\n"), std::string::npos) << request;
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"n\":\"x\"}")) << request;
  EXPECT_EQ(counters.total(Counter::kLogRecordsDropped), 0U);
  EXPECT_EQ(records->size(), 0U);
}

TEST_F(ExporterTest, sends_again_what_was_not_available_and_drops_what_is_refused) {
  aws::FakeServer server([](const std::string&, std::size_t number) {
    return aws::answer_of(number == 0 ? 503 : number == 1 ? 200 : 400, "");
  });
  aws::FixedDialer dialer(server.endpoint());
  source.left = 1;
  const auto exporter = start(dialer, 5'000);
  wait_for([&] { return server.requests().size() == 2; });
  EXPECT_EQ(server.requests()[0], server.requests()[1]);
  EXPECT_EQ(counters.total(Counter::kExportsFailed), 1U);
  EXPECT_EQ(counters.total(Counter::kLogRecordsDropped), 0U);
  source.left = 1;
  wait_for([&] { return counters.total(Counter::kLogRecordsDropped) == 1; });
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(ExporterTest, says_once_that_the_collector_is_away_and_once_that_it_is_back) {
  aws::FakeServer server(
      [](const std::string&, std::size_t number) { return aws::answer_of(number < 3 ? 404 : 200, ""); });
  aws::FixedDialer dialer(server.endpoint());
  source.left = 5;
  const auto exporter = start(dialer, 5'000);
  wait_for([&] { return records->size() == 2; });
  wait_for([&] { return server.requests().size() == 5; });
  const auto events = records->take(10);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].event, "export_failing");
  EXPECT_EQ(events[1].event, "export_restored");
  EXPECT_EQ(counters.total(Counter::kLogRecordsDropped), 3U);
}

TEST_F(ExporterTest, counts_what_is_taken_in_part) {
  aws::FakeServer server([](const std::string&, std::size_t) {
    return aws::answer_of(200, R"({"partialSuccess":{"rejectedLogRecords":"1000"}})");
  });
  aws::FixedDialer dialer(server.endpoint());
  source.left = 1;
  const auto exporter = start(dialer, 5'000);
  wait_for([&] { return counters.total(Counter::kLogRecordsDropped) != 0; });
  EXPECT_EQ(counters.total(Counter::kLogRecordsDropped), 1U) << "no more than were sent";
}

TEST_F(ExporterTest, without_a_collector_gives_up_a_batch_when_its_time_is_over) {
  aws::FixedDialer dialer({.host = "127.0.0.1", .port = 1});
  source.left = 1;
  const auto exporter = start(dialer, 800);
  wait_for([&] { return counters.total(Counter::kLogRecordsDropped) == 1; });
  EXPECT_GE(counters.total(Counter::kExportsFailed), 2U);
}

TEST_F(ExporterTest, ends_soon_whatever_the_collector_does) {
  const auto listener = os::listen_on({.host = "127.0.0.1", .port = 0}, 16).value();
  aws::FixedDialer dialer({.host = "127.0.0.1", .port = os::bound_tcp_port(listener.get())});
  for (const OtlpWire wire : {OtlpWire::kHttpProtobuf, OtlpWire::kGrpc}) {
    source.left = 3;
    auto exporter = start(dialer, 60'000, wire);
    wait_for([&] { return source.left == 2; });
    const std::int64_t begin = clock.monotonic_ms();
    exporter.reset();
    EXPECT_LT(clock.monotonic_ms() - begin, 10'000);
  }
  EXPECT_EQ(interrupted, 2);
}

}  // namespace
}  // namespace nes::telemetry
