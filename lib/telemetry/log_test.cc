#include "telemetry/log.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "os/unique_fd.h"

namespace nes::telemetry {
namespace {

class FixedClock final : public Clock {
 public:
  std::int64_t monotonic_ms() const noexcept override { return 0; }
  std::int64_t unix_ms() const noexcept override { return 1'695'049'410'860; }
};

struct Pipe {
  Pipe() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    reader = os::UniqueFd(fds[0]);
    writer = os::UniqueFd(fds[1]);
  }
  std::string take() const {
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }
  os::UniqueFd reader, writer;
};

TEST(Log, writes_one_numbered_json_line_an_event) {
  const FixedClock clock;
  Pipe pipe;
  {
    Log log(clock, Level::kInfo, pipe.writer.get());
    log.write(ServiceReady{.keys = 2, .schemas = 3});
    log.write(StepFailed{.step = "keys", .error = {ErrorCode::kIo, "no such file", 2}, .retry_in_ms = 500});
  }
  EXPECT_EQ(
      pipe.take(),
      R"({"seq":1,"time":"2023-09-18T15:03:30.860Z","level":"info","event":"service_ready","keys":2,"schemas":3})"
      "\n"
      R"({"seq":2,"time":"2023-09-18T15:03:30.860Z","level":"error","event":"step_failed","step":"keys",)"
      R"("error":"io","reason":"no such file","position":2,"retry_in_ms":500})"
      "\n");
}

TEST(Log, leaves_out_what_is_below_its_level) {
  const FixedClock clock;
  Pipe pipe;
  {
    Log log(clock, Level::kWarn, pipe.writer.get());
    log.write(ServiceReady{.keys = 1, .schemas = 1});
    log.write(AcceptPaused{.system_error = 24});
  }
  EXPECT_EQ(pipe.take(),
            R"({"seq":1,"time":"2023-09-18T15:03:30.860Z","level":"warn","event":"accept_paused","errno":24})"
            "\n");
}

TEST(Log, has_who_opened_what_at_every_level) {
  const FixedClock clock;
  Pipe pipe;
  const auto copies = std::make_shared<LogRecords>(8);
  {
    Log log(clock, Level::kError, pipe.writer.get(), copies);
    log.write(ServiceReady{.keys = 1, .schemas = 1});
    log.write(DecryptAudit());
    log.write(RewrapAudit());
  }
  const std::string lines = pipe.take();
  EXPECT_EQ(lines.find("service_ready"), std::string::npos);
  EXPECT_NE(lines.find(R"("seq":1,)"), std::string::npos);
  EXPECT_NE(lines.find(R"("level":"info","event":"audit_decrypt")"), std::string::npos);
  EXPECT_NE(lines.find(R"("level":"info","event":"audit_rewrap")"), std::string::npos);
  EXPECT_EQ(copies->size(), 2U);
}

TEST(Log, escapes_operator_text) {
  const FixedClock clock;
  Pipe pipe;
  {
    Log log(clock, Level::kInfo, pipe.writer.get());
    log.write(SchemaLoaded{
        .schema = OperatorText::loaded_schema("a\"\n\x01"), .version = 0, .roots = 1, .planned_paths = 0});
  }
  EXPECT_NE(pipe.take().find(R"("schema":"a\"\n\u0001")"), std::string::npos);
}

TEST(Log, says_who_opened_what_and_how_it_ended) {
  const FixedClock clock;
  Pipe pipe;
  {
    Log log(clock, Level::kInfo, pipe.writer.get());
    DecryptAudit decrypt;
    decrypt.schema = OperatorText::loaded_schema("payments-v1");
    decrypt.client = OperatorText::allowed_client("a.pay.example");
    decrypt.fields_count = 4;
    decrypt.request_id = 7;
    log.write(decrypt);
    RewrapAudit rewrap;
    rewrap.error = ErrorCode::kTokenRejected;
    log.write(rewrap);
  }
  const std::string text = pipe.take();
  EXPECT_NE(text.find(R"("event":"audit_decrypt","schema":"payments-v1","client":"a.pay.example","fields":4,)"
                      R"("request_id":7,"outcome":"ok"})"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("event":"audit_rewrap","schema":"","client":"","fields":0,"request_id":0,)"
                      R"("outcome":"token_rejected"})"),
            std::string::npos)
      << text;
}

TEST(Log, drops_and_counts_when_nobody_reads_and_never_blocks) {
  const base::SystemClock clock;
  Pipe pipe;
  ::fcntl(pipe.writer.get(), F_SETPIPE_SZ, 4096);
  constexpr std::uint64_t kLines = 3 * limits::kLogQueueBytes / 100;
  std::uint64_t asked = kLines, dropped = 0;
  std::string text;
  {
    Log log(clock, Level::kInfo, pipe.writer.get());
    for (std::uint64_t i = 0; i < kLines; ++i) log.write(ServiceReady{.keys = i, .schemas = i});
    dropped = log.dropped();
    EXPECT_GT(dropped, 0U);
    EXPECT_LT(dropped, kLines);
    // The reader comes back: lines are taken again once there is room, and the first brings the report along.
    bool taken = false;
    for (int i = 0; i < 20'000 && text.find("\"keys\":77777777") == std::string::npos; ++i) {
      text += pipe.take();
      if (!taken) {
        log.write(ServiceReady{.keys = 77'777'777, .schemas = 0});
        taken = log.dropped() == dropped;
        if (!taken) ++asked;
        dropped = log.dropped();
      }
      ::usleep(1000);
    }
    EXPECT_TRUE(taken);
    text += pipe.take();
  }
  EXPECT_NE(text.find("\"event\":\"log_lines_dropped\",\"lines\":" + std::to_string(dropped)),
            std::string::npos);
  EXPECT_NE(text.find("{\"seq\":" + std::to_string(asked + 1) + ","), std::string::npos)
      << "the report's number follows all that were asked for";
}

TEST(Log, gives_up_when_the_reader_is_gone_or_stuck) {
  const base::SystemClock clock;
  {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    const os::UniqueFd stuck_reader(fds[0]), writer(fds[1]);
    Log log(clock, Level::kInfo, writer.get());
    for (int i = 0; i < 20'000; ++i) log.write(ServiceReady{.keys = 1, .schemas = 1});
  }  // about a second
}

}  // namespace
}  // namespace nes::telemetry
