// The project's own clients of AWS against the emulator, over real sockets.
#include "devkit/aws_emulator/server.h"

#include <sys/socket.h>

#include "aws/client.h"
#include "aws/fake_server_for_test.h"
#include "aws/s3.h"
#include "aws/secrets_manager.h"
#include "devkit/aws_emulator/certificate.h"
#include "devkit/aws_emulator/emulator.h"
#include "devkit/aws_emulator/emulator_testing.h"
#include "devkit/aws_emulator/secrets_manager.h"
#include "tls/client.h"

namespace nes::aws_emulator {
namespace {

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { write_file(folder.path() + "/state/s3/schemas/schemas/a b+c.yaml", "content"); }
  void write_faults(std::string_view rules) {
    write_file(folder.path() + "/faults.new", rules);
    std::filesystem::rename(folder.path() + "/faults.new", folder.path() + "/faults");
  }
  os::Endpoint endpoint() const { return server->endpoint(); }
  aws::Address address() const {
    return {.tls = false, .host = "127.0.0.1", .port = static_cast<std::uint16_t>(endpoint().port)};
  }
  // What the server sends in answer to `text` until it ends the connection.
  std::string exchange_bytes(std::string_view text) {
    os::PlainStream stream(os::connect_to(endpoint(), 5000).value());
    const aws::Until until(system, 5000);
    EXPECT_TRUE(aws::write_all(stream, text, until).ok());
    os::shutdown_write(stream.fd());
    std::string out;
    char buffer[65536];
    for (;;) {
      const auto got = aws::read_some(stream, buffer, until);
      if (!got.ok() || *got == 0) return out;
      out.append(buffer, *got);
    }
  }

  TemporaryFolder folder;
  base::SystemClock system;
  AdjustedClock clock{system, 0};
  Store store = Store::open(folder.path() + "/state").value();
  Principals principals = Principals::open(store, clock, kPrincipalOptions).value();
  SecretsManager secrets = SecretsManager::open(store, clock, {"111122223333", "us-east-1"}).value();
  Emulator emulator{clock,
                    principals,
                    secrets,
                    secrets,
                    S3::open(folder.path() + "/state", "111122223333", "us-east-1").value(),
                    {"111122223333", "us-east-1", folder.path() + "/faults"}};
  Handler handler = [this](const Request& request) { return emulator.handle(request); };
  std::unique_ptr<Server> server = Server::start({.host = "127.0.0.1"}, nullptr, system, handler).value();

  // The enclave's side.
  aws::MovedClock moved;
  aws::FixedDialer dialer{endpoint()};
  aws::Transport transport{dialer, nullptr, moved};
  aws::ImdsCredentials source{transport, address()};
  aws::Pacing pacing{.random_below = [](std::uint64_t) { return std::uint64_t{0}; },
                     .sleep_ms = [this](std::int64_t ms) { moved.slept_ms += ms; }};
  aws::CredentialsProvider provider{source, moved, pacing.random_below};
  aws::Client client{transport, provider, pacing, {.region = "us-east-1", .endpoint = address()}};
};

TEST_F(ServerTest, keeps_secrets_for_our_client) {
  aws::SecretsManager peer(client);
  const std::string first = "00000000-0000-4000-8000-000000000001";
  const std::string second = "00000000-0000-4000-8000-000000000002";
  EXPECT_EQ(peer.create("dek", as_bytes("one"), first).value(), first);
  EXPECT_EQ(peer.put("dek", as_bytes("two"), {"AWSPENDING"}, second).value(), second);
  EXPECT_TRUE(peer.move_stage("dek", "AWSCURRENT", first, second).ok());
  const auto value = peer.get("dek", {aws::VersionSelector::By::kStage, "AWSCURRENT"});
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->version_id, second);
  EXPECT_EQ(as_text(*value->binary), "two");
  EXPECT_EQ(peer.list_versions("dek")->size(), 2U);
  EXPECT_EQ(peer.describe("dek")->stages.at(first), std::vector<std::string>{"AWSPREVIOUS"});
  EXPECT_EQ(aws::remote_code_of(peer.get("none", {aws::VersionSelector::By::kStage, "AWSCURRENT"}).error()),
            aws::RemoteCode::kNotFound);
}

TEST_F(ServerTest, serves_objects_to_our_client) {
  aws::S3 peer(client, "schemas");
  const auto listed = peer.list("schemas/");
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().key, "schemas/a b+c.yaml");
  const auto content = peer.get("schemas/a b+c.yaml", "", 7);
  ASSERT_TRUE(content.ok());
  EXPECT_EQ((*content)->body, "content");
  EXPECT_EQ((*content)->etag, listed->front().etag);
  EXPECT_FALSE(peer.get("schemas/a b+c.yaml", (*content)->etag, 7).value().has_value());
  EXPECT_EQ(peer.get("schemas/a b+c.yaml", "", 6).error().code, ErrorCode::kLimit);
  for (int i = 0; i < 1001; ++i) write_file(folder.path() + "/state/s3/many/k" + std::to_string(i), "x");
  EXPECT_EQ(aws::S3(client, "many").list("k")->size(), 1001U) << "in two pages";
}

TEST_F(ServerTest, teaches_our_client_the_time) {
  moved.moved_ms = -600'000;
  EXPECT_TRUE(aws::S3(client, "schemas").list("").ok());
  EXPECT_NEAR(static_cast<double>(client.clock_offset_ms()), 600'000.0, 5'000.0);
}

TEST_F(ServerTest, makes_our_client_fetch_new_credentials_when_the_old_ones_end) {
  ASSERT_TRUE(aws::S3(client, "schemas").list("").ok());
  const std::string before = (*provider.get())->access_key_id;
  write_faults(R"([{"action":"expire_credentials","service":"s3","times":1}])");
  EXPECT_TRUE(aws::S3(client, "schemas").list("").ok());
  EXPECT_NE((*provider.get())->access_key_id, before);
}

TEST_F(ServerTest, lets_our_client_come_back_after_throttling_and_dropped_connections) {
  write_faults(R"([{"action":"throttle","service":"s3","times":2},{"action":"drop","service":"s3","times":1},
                   {"action":"error","service":"s3","times":1,"status":500,"type":"InternalError"}])");
  EXPECT_TRUE(aws::S3(client, "schemas").list("").ok());
  write_faults(R"([{"action":"throttle","service":"s3"}])");
  EXPECT_EQ(aws::S3(client, "schemas").list("").error().code, ErrorCode::kRateLimited);
}

TEST_F(ServerTest, sends_our_client_less_and_more_than_it_can_take) {
  write_faults(R"([{"action":"truncate","operation":"GetObject"}])");
  EXPECT_EQ(aws::S3(client, "schemas").get("schemas/a b+c.yaml", "", 100).error().code,
            ErrorCode::kTruncated);
  write_faults(R"([{"action":"huge","bytes":1000000000000,"operation":"GetObject"}])");
  EXPECT_EQ(aws::S3(client, "schemas").get("schemas/a b+c.yaml", "", 100).error().code, ErrorCode::kLimit);
}

TEST_F(ServerTest, proves_its_name_by_a_certificate_that_survives_a_restart) {
  const auto identity = server_identity(folder.path() + "/state", "us-east-1", system.unix_ms());
  ASSERT_TRUE(identity.ok());
  const std::string ca = content_of(folder.path() + "/state/ca.pem");
  ASSERT_TRUE(server_identity(folder.path() + "/state", "us-east-1", system.unix_ms()).ok());
  EXPECT_EQ(content_of(folder.path() + "/state/ca.pem"), ca);
  const auto context = tls::ServerContext::create(*identity, tls::TicketKey::create().value(), {});
  const auto secure = Server::start({.host = "127.0.0.1"}, *context, system, handler).value();
  aws::FixedDialer to_secure(secure->endpoint());
  const auto trust = tls::ClientContext::create(ca);
  ASSERT_TRUE(trust.ok());
  const aws::Transport secured{to_secure, *trust, moved};
  for (const char* name :
       {"localhost", "127.0.0.1", "kms.us-east-1.amazonaws.com", "secretsmanager.us-east-1.amazonaws.com",
        "sts.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com", "bucket.s3.us-east-1.amazonaws.com"}) {
    const auto answer = aws::exchange(secured, {.host = name},
                                      {http::Method::kGet, "/latest/meta-data/", {}, {}}, 1000, 5000);
    ASSERT_TRUE(answer.ok()) << name;
    EXPECT_EQ(answer->status, 401);
  }
  EXPECT_FALSE(aws::exchange(secured, {.host = "kms.us-west-2.amazonaws.com"},
                             {http::Method::kGet, "/", {}, {}}, 1000, 5000)
                   .ok());
}

TEST_F(ServerTest, does_not_take_a_ca_without_its_key) {
  const std::string state = folder.path() + "/state";
  ASSERT_TRUE(server_identity(state, "us-east-1", system.unix_ms()).ok());
  std::filesystem::remove(state + "/ca-key.pem");
  EXPECT_FALSE(server_identity(state, "us-east-1", system.unix_ms()).ok());
}

TEST_F(ServerTest, answers_one_request_after_another_on_a_connection) {
  const std::string request = "GET /latest/x HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string answers = exchange_bytes(
      request + request + "GET /latest/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + request);
  std::size_t count = 0;
  for (std::size_t at = answers.find("HTTP/1.1 401 "); at != std::string::npos;
       at = answers.find("HTTP/1.1 401 ", at + 1))
    ++count;
  EXPECT_EQ(count, 3U);
}

TEST_F(ServerTest, lets_a_client_that_expects_it_go_on) {
  const std::string answer = exchange_bytes(
      "PUT /latest/api/token HTTP/1.1\r\nHost: h\r\nExpect: "
      "100-continue\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n"
      "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")) << answer;
}

TEST_F(ServerTest, refuses_what_is_no_http) {
  EXPECT_TRUE(exchange_bytes("hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(exchange_bytes("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 ")) << "no Host";
  EXPECT_TRUE(exchange_bytes("GET /?%2 HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(exchange_bytes("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(exchange_bytes("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx")
                  .starts_with("HTTP/1.1 408 "));
}

TEST_F(ServerTest, ends_while_clients_are_connected) {
  const os::UniqueFd idle = os::connect_to(endpoint(), 5000).value();
  write_faults(R"([{"action":"delay","delay_ms":600000}])");
  const os::UniqueFd waiting = os::connect_to(endpoint(), 5000).value();
  const std::string request = "GET /latest/x HTTP/1.1\r\nHost: h\r\n\r\n";
  ASSERT_EQ(::send(waiting.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  const std::int64_t begin_ms = system.monotonic_ms();
  server.reset();
  EXPECT_LT(system.monotonic_ms() - begin_ms, 5'000);
}

}  // namespace
}  // namespace nes::aws_emulator
