#include "enclave/service/pipeline.h"

#include <fcntl.h>

#include <cstring>

#include <gtest/gtest.h>

#include "base/room_for_test.h"
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
        moved: {x-pii: {context: new, previous_contexts: [ssn, ""]}}
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

  // The key of testdata/vectors/token_v1.json.
  void load_key_of_vectors() {
    secret::SecretBytes dek(32);
    for (std::size_t i = 0; i < dek.size(); ++i) dek.reveal_mutable()[i] = static_cast<std::uint8_t>(i);
    std::vector<std::shared_ptr<const token::DataKey>> keys;
    keys.push_back(token::DataKey::derive(dek).value());
    keys_.publish(token::KeySet::make(std::move(keys)).value());
  }

  JobReport run(Direction direction, std::string_view text, std::string& out,
                std::optional<std::string_view> schema = "people",
                json::Shape shape = json::Shape::kDocument) {
    secret::SecretBytes buffer = secret::SecretBytes::copy_of(as_bytes("before"));
    Job job = preferred_;
    job.direction = direction;
    job.shape = shape;
    job.schema_header = schema;
    job.client = client_;
    job.text = text;
    JobReport report = pipeline_.run(job, buffer);
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
  Job preferred_{};  // what a test wants beside
  SealLimit no_limit_{0, clock_};
  Pipeline pipeline_{{.keys = keys_, .schemas = store_.schemas(), .seal_limit = no_limit_}, {}};
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

TEST_F(PipelineTest, asks_for_what_the_answer_takes_before_it_is_made) {
  load_keys({1});
  load_schemas();
  std::string sealed, out;
  for (const std::string_view text :
       {R"({"id":"nothing is planned"})", R"({"ssn":"078-05-1120","name":7,"moved":null})",
        R"({"name":"Ad\u00e9","notes":{"a":[1, 2e400],"b":"\u00e9","c":""},"friends":[{"name":"Bo"}]})"}) {
    base::RoomForTest room;
    preferred_.room = &room;
    const std::size_t values = run(Direction::kSeal, text, sealed).replaced;
    EXPECT_GE(room.held, sealed.size()) << text;
    EXPECT_LE(room.held, sealed.size() + 8 * values) << text;
    for (const Direction direction : {Direction::kOpen, Direction::kRewrap}) {
      base::RoomForTest again;
      preferred_.room = &again;
      EXPECT_FALSE(run(direction, sealed, out).failure);
      EXPECT_EQ(again.held, sealed.size());
      EXPECT_EQ(again.asked, 1);
    }
    base::RoomForTest little(room.held - 1);
    preferred_.room = &little;
    EXPECT_EQ(failure(Direction::kSeal, text), ErrorCode::kOverloaded);
    EXPECT_TRUE(pipeline_.opens().empty());
  }
}

// A control character is a byte in a token, and six in a document.
TEST_F(PipelineTest, asks_again_where_opening_makes_a_value_longer) {
  load_keys({1});
  load_schemas();
  std::string text = R"({"name":")", sealed, out;
  for (int i = 0; i < 1'000; ++i) text += R"(\u0001)";
  text += R"("})";
  run(Direction::kSeal, text, sealed);
  ASSERT_LT(sealed.size(), text.size() / 3);
  base::RoomForTest enough(text.size()), little(text.size() - 1);
  preferred_.room = &enough;
  EXPECT_FALSE(run(Direction::kOpen, sealed, out).failure);
  EXPECT_EQ(out, text);
  EXPECT_EQ(enough.held, text.size());
  preferred_.room = &little;
  EXPECT_EQ(failure(Direction::kOpen, sealed), ErrorCode::kOverloaded);
}

TEST_F(PipelineTest, opens_to_one_line_where_that_is_asked_for) {
  load_keys({1});
  load_schemas();
  const std::string_view text =
      "{\"notes\":{\"a\":[1\n,\r\n{\"k\\n\":\t\"\\r\\n\\\\n\"}\r],\"b\":{\n},\"s\":\"[\\n]\"}\r}";
  std::string sealed, rewrapped, out;
  ASSERT_EQ(run(Direction::kSeal, text, sealed).replaced, 3U);
  ASSERT_EQ(run(Direction::kRewrap, sealed, rewrapped).replaced, 3U);
  run(Direction::kOpen, sealed, out);
  EXPECT_EQ(out, text);
  preferred_.one_line = true;
  run(Direction::kOpen, sealed, out);
  EXPECT_EQ(out, "{\"notes\":{\"a\":[1 ,  {\"k\\n\":\t\"\\r\\n\\\\n\"} ],\"b\":{ },\"s\":\"[\\n]\"}\r}")
      << "within strings they are escaped, and outside of opened values they stay";
  const std::string on_one_line = out;
  run(Direction::kOpen, rewrapped, out);
  EXPECT_EQ(out, on_one_line);
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

TEST_F(PipelineTest, strict_refuses_keys_that_the_schema_does_not_declare) {
  load_keys({1});
  load_schemas();
  const std::string_view misspelled = R"({"friends":[{"name":"a"},{"nmae":"b"}]})";
  std::string out;
  EXPECT_FALSE(run(Direction::kSeal, misspelled, out).failure);
  preferred_.strict = true;
  for (const Direction direction : {Direction::kSeal, Direction::kOpen, Direction::kRewrap}) {
    const JobReport report = run(direction, misspelled, out);
    ASSERT_TRUE(report.failure);
    EXPECT_EQ(report.failure->error.code, ErrorCode::kUndeclaredKey);
    EXPECT_EQ(report.failure->path, "/friends/1/*") << "the key itself is input";
  }
  EXPECT_EQ(failure(Direction::kSeal, R"({"nmae":)"), ErrorCode::kMalformedJson);
  EXPECT_EQ(failure(Direction::kSeal, R"({"nmae":1})", "people#/components/schemas/Person"),
            ErrorCode::kUndeclaredKey);
  EXPECT_FALSE(run(Direction::kSeal, R"({"ssn":{"x":1},"notes":{"x":1},"friends":[]})", out).failure);
  EXPECT_FALSE(
      run(Direction::kSeal, R"({"payload":{"ssn":"1"}})", out, "people", json::Shape::kEnvelope).failure);
}

TEST_F(PipelineTest, lenient_leaves_and_counts_what_does_not_open) {
  load_keys({1});
  load_schemas();
  std::string sealed, out;
  run(Direction::kSeal, R"({"name":"b"})", sealed);
  const std::string token = sealed.substr(8, sealed.size() - 9);
  const std::string mixed = R"({"ssn":"plain","name":)" + token + R"(,"notes":{"a":1,"b":null,"c":)" + token +
                            R"(},"friends":[{"ssn":)" + token + "}]}";
  EXPECT_EQ(failure(Direction::kOpen, mixed), ErrorCode::kTokenRejected);
  preferred_.leave_unopened = true;
  const JobReport report = run(Direction::kOpen, mixed, out);
  ASSERT_FALSE(report.failure);
  EXPECT_EQ(report.replaced, 2U);
  EXPECT_EQ(report.unopened, 3U) << "plain text, a number, and a token of another context; null apart";
  EXPECT_EQ(out, R"({"ssn":"plain","name":"b","notes":{"a":1,"b":null,"c":"b"},"friends":[{"ssn":)" + token +
                     "}]}");
  EXPECT_EQ(failure(Direction::kOpen, R"({"name")"), ErrorCode::kMalformedJson);
  load_keys({2});
  EXPECT_EQ(failure(Direction::kOpen, sealed), ErrorCode::kKeyNotLoaded) << "it may well be a token of ours";
}

TEST_F(PipelineTest, keep_leaves_tokens_that_open_and_seals_the_rest) {
  load_keys({1});
  load_schemas();
  std::string sealed, kept, out;
  run(Direction::kSeal, R"({"name":"b"})", sealed);
  const std::string token = sealed.substr(8, sealed.size() - 9);
  preferred_.keep_sealed = config::ClientMatch{};
  JobReport report = run(Direction::kSeal, sealed, kept);
  ASSERT_FALSE(report.failure);
  EXPECT_EQ(kept, sealed);
  EXPECT_EQ(report.replaced, 0U);
  // Of another context, or with a bit turned, it does not open, so it is sealed like any other value.
  std::string other = token;
  other[other.size() - 4] = other[other.size() - 4] == 'A' ? 'B' : 'A';
  report = run(Direction::kSeal, R"({"ssn":)" + token + R"(,"name":)" + other + "}", out);
  ASSERT_FALSE(report.failure);
  EXPECT_EQ(report.replaced, 2U);
  preferred_.keep_sealed.reset();
  run(Direction::kSeal, sealed, out);
  EXPECT_NE(out, sealed) << "without keep tokens are values";
  auto parsed = config::ClientPatterns::parse("DNS:a.example@ssn");
  const auto patterns = std::get<config::ClientPatterns>(parsed);
  const config::San san{.type = config::SanType::kDns, .value = "a.example"};
  preferred_.keep_sealed = *patterns.match({&san, 1});
  EXPECT_EQ(failure(Direction::kSeal, sealed), ErrorCode::kNotAllowed)
      << "whether a token opens is for those who may decrypt its context";
}

TEST_F(PipelineTest, opens_under_previous_contexts_and_seals_and_rewraps_under_the_present_one) {
  load_keys({1});
  load_schemas();
  std::string sealed, opened, rewrapped;
  run(Direction::kSeal, R"({"ssn":"1","name":"2"})", sealed);
  const std::size_t comma = sealed.find(',');
  const std::string of_ssn = sealed.substr(7, comma - 7);
  const std::string of_name = sealed.substr(comma + 8, sealed.size() - comma - 9);
  for (const auto& [token, value] :
       {std::pair(of_ssn, R"({"moved":"1"})"), std::pair(of_name, R"({"moved":"2"})")}) {
    const std::string document = R"({"moved":)" + token + "}";
    ASSERT_FALSE(run(Direction::kOpen, document, opened).failure);
    EXPECT_EQ(opened, value);
    ASSERT_FALSE(run(Direction::kRewrap, document, rewrapped).failure);
    const std::string anew = rewrapped.substr(9, rewrapped.size() - 10);
    EXPECT_EQ(failure(Direction::kOpen, R"({"ssn":)" + anew + "}"), ErrorCode::kTokenRejected);
    EXPECT_EQ(failure(Direction::kOpen, R"({"name":)" + anew + "}"), ErrorCode::kTokenRejected);
    ASSERT_FALSE(run(Direction::kOpen, rewrapped, opened).failure);
    EXPECT_EQ(opened, value);
  }
}

TEST_F(PipelineTest, opens_older_tokens_only_where_they_are_accepted_and_rewraps_them) {
  // testdata/vectors/token_v1.json, the second.
  const std::string_view old =
      R"({"name":"v1.BiIkEgE4KkWRL7Io.379FgNdurxqyuoItOrQn0EeKYZmNsEkMXAHGzOzUwys"})";
  load_key_of_vectors();
  load_schemas();
  EXPECT_EQ(failure(Direction::kOpen, old), ErrorCode::kTokenRejected);
  Pipeline accepting({.keys = keys_, .schemas = store_.schemas(), .seal_limit = no_limit_},
                     {.accept_v1 = true});
  secret::SecretBytes opened, rewrapped, again;
  Job job{
      .direction = Direction::kOpen, .shape = json::Shape::kDocument, .schema_header = "people", .text = old};
  ASSERT_FALSE(accepting.run(job, opened).failure);
  EXPECT_EQ(as_text(opened.reveal()), R"({"name":"4111111111111111"})");
  job.direction = Direction::kRewrap;
  ASSERT_FALSE(accepting.run(job, rewrapped).failure);
  std::string text;
  EXPECT_FALSE(run(Direction::kOpen, as_text(rewrapped.reveal()), text).failure)
      << "it is of the newer form now";
  EXPECT_EQ(text, as_text(opened.reveal()));
}

// `moved` was of the contexts ssn and "" before it was of `new`.
TEST_F(PipelineTest, previous_contexts_are_for_those_alone_who_may_open_them) {
  load_keys({1});
  load_schemas();
  std::string ssn, name, moved, out;
  ASSERT_FALSE(run(Direction::kSeal, R"({"ssn":"1"})", ssn).failure);
  ASSERT_FALSE(run(Direction::kSeal, R"({"name":"a"})", name).failure);
  ASSERT_FALSE(run(Direction::kSeal, R"({"moved":"m"})", moved).failure);
  const auto as_moved = [](const std::string& document) {
    return R"({"moved":)" + document.substr(document.find(':') + 1);
  };
  const std::vector<std::string> new_alone = {"new"}, both = {"new", "ssn"};
  for (const Direction direction : {Direction::kOpen, Direction::kRewrap}) {
    client_.labels = new_alone;
    EXPECT_FALSE(run(direction, moved, out).failure);
    EXPECT_EQ(failure(direction, as_moved(ssn)), ErrorCode::kTokenRejected);
    EXPECT_EQ(failure(direction, as_moved(name)), ErrorCode::kTokenRejected);
    client_.labels = both;
    EXPECT_FALSE(run(direction, as_moved(ssn), out).failure);
    EXPECT_EQ(failure(direction, as_moved(name)), ErrorCode::kTokenRejected);
    client_.labels = {};
    EXPECT_FALSE(run(direction, as_moved(ssn), out).failure);
    EXPECT_FALSE(run(direction, as_moved(name), out).failure);
  }
}

// A refresh between the plan and its use.
TEST_F(PipelineTest, a_job_keeps_the_schemas_that_it_was_planned_with) {
  load_keys({1});
  load_schemas();
  base::Published<SchemaSet> schemas;
  schemas.publish(std::make_shared<SchemaSet>(*store_.schemas().get()));
  const std::weak_ptr<const SchemaSet> first = schemas.get();
  Pipeline pipeline({.keys = keys_,
                     .schemas = schemas,
                     .seal_limit = no_limit_,
                     .on_planned = [&] { schemas.publish(std::make_shared<SchemaSet>()); }},
                    {});
  const std::string sought = "people";
  secret::SecretBytes out;
  const JobReport report = pipeline.run({.direction = Direction::kSeal,
                                         .shape = json::Shape::kDocument,
                                         .schema_header = sought,
                                         .text = R"({"name":"a"})"},
                                        out);
  ASSERT_FALSE(first.expired()) << "the report names it";
  EXPECT_EQ(report.schema, "people");
  EXPECT_EQ(report.replaced, 1U);
}

// It names no context: whoever may open some could have it opened as one of theirs.
TEST_F(PipelineTest, opens_older_tokens_for_those_alone_who_may_open_every_context) {
  const std::string_view old = R"({"ssn":"v1.BiIkEgE4KkWRL7Io.379FgNdurxqyuoItOrQn0EeKYZmNsEkMXAHGzOzUwys"})";
  load_key_of_vectors();
  load_schemas();
  Pipeline accepting({.keys = keys_, .schemas = store_.schemas(), .seal_limit = no_limit_},
                     {.accept_v1 = true});
  const std::vector<std::string> labels = {"ssn"};
  const auto code = [&](Direction direction, std::span<const std::string> allowed) {
    Job job{.direction = direction, .shape = json::Shape::kDocument, .schema_header = "people", .text = old};
    job.client.labels = allowed;
    secret::SecretBytes out;
    const JobReport report = accepting.run(job, out);
    return report.failure ? std::optional(report.failure->error.code) : std::nullopt;
  };
  EXPECT_EQ(code(Direction::kOpen, {}), std::nullopt);
  EXPECT_EQ(code(Direction::kOpen, labels), ErrorCode::kTokenRejected);
  EXPECT_EQ(code(Direction::kRewrap, labels), ErrorCode::kTokenRejected);
}

TEST_F(PipelineTest, limits_deterministic_seals_of_each_client) {
  load_keys({1});
  load_schemas();
  SealLimit limit(2, clock_);
  Pipeline limited({.keys = keys_, .schemas = store_.schemas(), .seal_limit = limit}, {});
  const auto code = [&](std::string_view client, std::string_view text) -> std::optional<ErrorCode> {
    secret::SecretBytes out;
    const JobReport report = limited.run({.direction = Direction::kSeal,
                                          .shape = json::Shape::kDocument,
                                          .schema_header = "people",
                                          .text = text,
                                          .client_name = client},
                                         out);
    EXPECT_EQ(out.empty(), report.failure.has_value());
    return report.failure ? std::optional(report.failure->error.code) : std::nullopt;
  };
  const std::string_view two = R"({"ssn":"1","name":"a","friends":[{"ssn":"2"}]})";
  EXPECT_EQ(code("a", R"({"friends":[{"ssn":"1"},{"ssn":"2"},{"ssn":"3"}]})"), ErrorCode::kRateLimited);
  EXPECT_EQ(code("a", two), std::nullopt);
  EXPECT_EQ(code("a", two), ErrorCode::kRateLimited);
  EXPECT_EQ(code("b", two), std::nullopt);
  EXPECT_EQ(code("a", R"({"name":"a","ssn":null})"), std::nullopt) << "randomized values are free";
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
