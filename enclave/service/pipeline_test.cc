#include "enclave/service/pipeline.h"

#include <fcntl.h>

#include <cstring>

#include <gtest/gtest.h>

#include "os/unique_fd.h"

namespace nes::service {
namespace {

constexpr std::string_view kSchema = R"(
openapi: 3.1.0
info: {title: t, version: "1"}
paths: {}
components:
  schemas:
    Person:
      properties:
        ssn: {x-pii: {mode: deterministic, context: ssn}}
        name: {x-pii: true}
        notes: {type: object, additionalProperties: {x-pii: true}}
        friends: {type: array, items: {$ref: "#/components/schemas/Person"}}
)";

class OneSchema final : public SchemaSource {
 public:
  Result<std::vector<SchemaObject>> list() override {
    return std::vector<SchemaObject>{{.key = "people.yaml", .etag = "1"}};
  }
  Result<std::string> get(const SchemaObject& /*object*/, std::size_t /*max_bytes*/) override {
    return std::string(kSchema);
  }
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() : log_(clock_, telemetry::Level::kError, null_.get()) {}

  void load_schemas() { ASSERT_TRUE(store_.refresh().ok()); }
  void load_keys(std::vector<int> fills) {
    std::vector<std::shared_ptr<const token::DataKey>> keys;
    for (const int fill : fills) {
      secret::SecretBytes dek(32);
      std::memset(dek.reveal_mutable().data(), fill, dek.size());
      keys.push_back(token::DataKey::derive(dek).value());
    }
    keys_.publish(token::KeySet::make(std::move(keys)).value());
  }

  JobReport run(Direction direction, std::string_view text, std::string& out,
                std::optional<std::string_view> schema = "people",
                json::Shape shape = json::Shape::kDocument) {
    secret::SecretBytes buffer = secret::SecretBytes::copy_of(as_bytes("before"));
    JobReport report = pipeline_.run(
        {.direction = direction, .shape = shape, .schema_header = schema, .client = client_, .text = text},
        buffer);
    out = std::string(as_text(buffer.reveal()).substr(6));
    EXPECT_EQ(as_text(buffer.reveal()).substr(0, 6), "before");
    if (report.failure) {
      EXPECT_EQ(out, "") << "never a partly transformed document";
    }
    return report;
  }
  ErrorCode failure(Direction direction, std::string_view text,
                    std::optional<std::string_view> schema = "people") {
    std::string out;
    const JobReport report = run(direction, text, out, schema);
    EXPECT_TRUE(report.failure.has_value());
    return report.failure ? report.failure->error.code : ErrorCode::kInternal;
  }

  const base::SystemClock clock_;
  os::UniqueFd null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  telemetry::Log log_;
  telemetry::CounterRegistry counters_;
  OneSchema source_;
  SchemaStore store_{source_, {}, log_, counters_.add_shard()};
  base::Published<token::KeySet> keys_;
  config::ClientMatch client_;
  Pipeline pipeline_{{.keys = keys_, .schemas = store_.schemas()}, {}};
};

TEST_F(PipelineTest, is_not_ready_without_keys_or_without_schemas) {
  EXPECT_EQ(failure(Direction::kSeal, "{}"), ErrorCode::kNotReady);
  load_keys({1});
  EXPECT_EQ(failure(Direction::kSeal, "{}"), ErrorCode::kNotReady);
  load_schemas();
  std::string out;
  EXPECT_FALSE(run(Direction::kSeal, "{}", out).failure);
  EXPECT_EQ(out, "{}");
}

TEST_F(PipelineTest, seals_and_opens_a_document_and_leaves_every_other_byte) {
  load_keys({1});
  load_schemas();
  const std::string_view text =
      R"( { "id" : 1.50, "ssn":"078-05-1120", "name" :null,"notes":{"a":[1, 2e400],"b":"\u00e9"}, "friends":[{"name":"Bo"}] } )";
  std::string sealed, opened;
  const JobReport report = run(Direction::kSeal, text, sealed);
  ASSERT_FALSE(report.failure);
  EXPECT_EQ(report.replaced, 4U);
  EXPECT_EQ(report.schema, "people");
  EXPECT_EQ(sealed.find("078-05"), std::string::npos);
  EXPECT_EQ(sealed.find("2e400"), std::string::npos);
  EXPECT_NE(sealed.find(R"( { "id" : 1.50, "ssn":"v2.)"), std::string::npos) << sealed;
  EXPECT_NE(sealed.find(R"("name" :null,"notes":{"a":"v2.)"), std::string::npos) << sealed;
  EXPECT_EQ(run(Direction::kOpen, sealed, opened).replaced, 4U);
  EXPECT_EQ(opened, text);
}

TEST_F(PipelineTest, applies_the_plan_to_the_payload_of_an_envelope) {
  load_keys({1});
  load_schemas();
  std::string sealed, opened;
  const std::string_view text = R"({ "payload" : {"name":"Ada"} })";
  EXPECT_EQ(run(Direction::kSeal, text, sealed, "people", json::Shape::kEnvelope).replaced, 1U);
  EXPECT_TRUE(sealed.starts_with(R"({ "payload" : {"name":"v2.)")) << sealed;
  EXPECT_EQ(run(Direction::kOpen, sealed, opened, "people", json::Shape::kEnvelope).replaced, 1U);
  EXPECT_EQ(opened, text);
  EXPECT_EQ(run(Direction::kSeal, R"({"name":"Ada"})", sealed, "people", json::Shape::kEnvelope)
                .failure->error.code,
            ErrorCode::kMalformedRequest);
}

TEST_F(PipelineTest, finds_a_schema_and_its_root_by_the_header) {
  load_keys({1});
  load_schemas();
  EXPECT_EQ(failure(Direction::kSeal, "{}", std::nullopt), ErrorCode::kSchemaHeaderMissing);
  EXPECT_EQ(failure(Direction::kSeal, "{}", ""), ErrorCode::kSchemaHeaderMissing);
  for (const std::string_view name :
       {"other", "People", "people ", "people.yaml", "#/components/schemas/Person",
        "people#/components/schemas/Nobody", "people#", "people#x"})
    EXPECT_EQ(failure(Direction::kSeal, "{}", name), ErrorCode::kSchemaUnknown) << name;
  std::string out;
  EXPECT_FALSE(run(Direction::kSeal, "{}", out, "people#/components/schemas/Person").failure);
}

TEST_F(PipelineTest, refuses_a_document_with_one_bad_token_whole_and_says_where) {
  load_keys({1});
  load_schemas();
  std::string sealed, out;
  run(Direction::kSeal, R"({"name":"a","friends":[{"notes":{"k":"b"}}]})", sealed);
  const std::size_t last = sealed.rfind('"');
  std::string tampered = sealed;
  tampered[last - 20] = tampered[last - 20] == 'A' ? 'B' : 'A';
  const JobReport report = run(Direction::kOpen, tampered, out);
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->error.code, ErrorCode::kTokenRejected);
  EXPECT_EQ(report.failure->path, "/friends/0/notes/*");
  EXPECT_EQ(failure(Direction::kOpen, R"({"name":"plain"})"), ErrorCode::kTokenRejected);
  EXPECT_EQ(failure(Direction::kOpen, R"({"name":7})"), ErrorCode::kTokenRejected);
  EXPECT_EQ(failure(Direction::kOpen, R"({"name":{"x":1}})"), ErrorCode::kTokenRejected);
  EXPECT_FALSE(run(Direction::kOpen, R"({"name":null})", out).failure);
}

TEST_F(PipelineTest, opens_no_escaped_spelling_of_a_token) {
  load_keys({1});
  load_schemas();
  std::string sealed;
  run(Direction::kSeal, R"({"name":"Ada"})", sealed);
  const std::string escaped = R"({"name":"\u0076)" + sealed.substr(sealed.find("v2.") + 1);
  EXPECT_EQ(failure(Direction::kOpen, escaped), ErrorCode::kTokenRejected);
}

TEST_F(PipelineTest, does_not_open_a_token_in_a_field_of_another_context) {
  load_keys({1});
  load_schemas();
  std::string sealed;
  run(Direction::kSeal, R"({"ssn":"1"})", sealed);
  const std::string token = sealed.substr(7, sealed.size() - 8);
  EXPECT_EQ(failure(Direction::kOpen, R"({"name":)" + token + "}"), ErrorCode::kTokenRejected);
}

TEST_F(PipelineTest, rewraps_to_the_newest_key_without_showing_plaintext) {
  load_keys({1});
  load_schemas();
  const std::string_view text = R"({"ssn":"078-05","name":"A\u00e9","notes":{"n":[1, 2],"z":null}})";
  std::string old, rewrapped, again, out;
  run(Direction::kSeal, text, old);
  load_keys({2, 1});
  const JobReport report = run(Direction::kRewrap, old, rewrapped);
  ASSERT_FALSE(report.failure);
  EXPECT_EQ(report.replaced, 3U);
  EXPECT_EQ(rewrapped.find("078-05"), std::string::npos);
  load_keys({2});
  EXPECT_FALSE(run(Direction::kOpen, rewrapped, out).failure);
  EXPECT_EQ(out, text) << "the literals are what they were, to the letter";
  EXPECT_EQ(failure(Direction::kRewrap, old), ErrorCode::kKeyNotLoaded);
  EXPECT_EQ(failure(Direction::kRewrap, text), ErrorCode::kTokenRejected);
  std::string sealed;
  run(Direction::kSeal, R"({"ssn":"078-05"})", sealed);
  EXPECT_NE(rewrapped.find(sealed.substr(1, sealed.size() - 2)), std::string::npos)
      << "a deterministic value is the token that sealing gives";
}

TEST_F(PipelineTest, counts_what_each_key_has_opened) {
  load_keys({1});
  load_schemas();
  std::string first, second, out;
  run(Direction::kSeal, R"({"ssn":"1","name":"b"})", first);
  load_keys({2, 1});
  run(Direction::kSeal, R"({"name":"c"})", second);
  EXPECT_TRUE(pipeline_.opens().empty());
  run(Direction::kOpen, R"({"friends":[)" + first + "," + second + "]}", out);
  ASSERT_EQ(pipeline_.opens().size(), 2U);
  EXPECT_EQ(pipeline_.opens()[0].count, 2U);
  EXPECT_EQ(pipeline_.opens()[1].count, 1U);
}

TEST_F(PipelineTest, keeps_a_client_with_labels_to_its_contexts) {
  load_keys({1});
  load_schemas();
  std::string sealed, out;
  run(Direction::kSeal, R"({"ssn":"1","name":"b"})", sealed);
  auto parsed = config::ClientPatterns::parse("DNS:a.example@ssn");
  const auto patterns = std::get<config::ClientPatterns>(parsed);
  const config::San san{.type = config::SanType::kDns, .value = "a.example"};
  client_ = *patterns.match({&san, 1});
  for (const Direction direction : {Direction::kOpen, Direction::kRewrap})
    EXPECT_EQ(failure(direction, sealed), ErrorCode::kNotAllowed);
  EXPECT_EQ(failure(Direction::kSeal, R"({"name":"b"})"), ErrorCode::kNotAllowed);
  EXPECT_FALSE(run(Direction::kSeal, R"({"ssn":"1","name":null,"other":"x"})", out).failure);
}

TEST_F(PipelineTest, takes_new_keys_in_and_still_opens_under_the_old_ones) {
  load_keys({1});
  load_schemas();
  std::string first, second, out;
  run(Direction::kSeal, R"({"ssn":"1"})", first);
  load_keys({2, 1});
  run(Direction::kSeal, R"({"ssn":"1"})", second);
  EXPECT_NE(first, second);
  EXPECT_FALSE(run(Direction::kOpen, first, out).failure);
  EXPECT_EQ(out, R"({"ssn":"1"})");
  load_keys({2});
  EXPECT_EQ(failure(Direction::kOpen, first), ErrorCode::kKeyNotLoaded);
  EXPECT_FALSE(run(Direction::kOpen, second, out).failure);
}

}  // namespace
}  // namespace nes::service
