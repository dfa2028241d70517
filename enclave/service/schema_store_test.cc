#include "enclave/service/schema_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "os/unique_fd.h"
#include "signed_schema/signed_schema.h"

namespace nes::service {
namespace {

// `fields`: comma-separated.
std::string schema_text(std::string_view fields) {
  std::string text =
      "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n    A:\n      "
      "properties:\n";
  while (!fields.empty()) {
    const std::string_view field = fields.substr(0, fields.find(','));
    fields.remove_prefix(std::min(fields.size(), field.size() + 1));
    text.append("        ").append(field).append(": {x-pii: true}\n");
  }
  return text;
}

struct FakeSource final : SchemaSource {
  struct File {
    std::string text;
    int version = 1;
    bool readable = true;
  };
  std::map<std::string, File> files;
  bool listable = true;
  int reads = 0;

  Result<std::vector<SchemaObject>> list() override {
    if (!listable) return Error{ErrorCode::kIo, "no listing"};
    std::vector<SchemaObject> objects;
    for (const auto& [key, file] : files)
      objects.push_back({.key = key, .etag = std::to_string(file.version)});
    return objects;
  }
  Result<std::string> get(const SchemaObject& object, std::size_t max_bytes) override {
    ++reads;
    const File& file = files.at(object.key);
    if (!file.readable) return Error{ErrorCode::kIo, "cannot be read"};
    if (file.text.size() > max_bytes) return Error{ErrorCode::kLimit, "too large"};
    return file.text;
  }
};

class SchemaStoreTest : public testing::Test {
 protected:
  SchemaStoreTest() : log_(clock_, telemetry::Level::kError, null_.get()) {}

  bool seals(std::string_view name, std::string_view key) {
    const auto set = store_.schemas().get();
    const schema::Schema* schema = set == nullptr ? nullptr : set->find(name);
    if (schema == nullptr) return false;
    const auto plan = schema->plan(std::nullopt);
    return plan.ok() && plan->rule(plan->member(plan->start(), key)) != json::kNoRule;
  }

  const base::SystemClock clock_;
  os::UniqueFd null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  telemetry::Log log_;
  telemetry::CounterRegistry counters_;
  FakeSource source_;
  SchemaStore store_{source_, {}, log_, counters_.add_shard()};
};

TEST(SchemaKey, gives_name_and_format) {
  std::string_view name;
  schema::SourceFormat format{};
  EXPECT_TRUE(parse_schema_key("payments-v1.yaml", name, format));
  EXPECT_EQ(name, "payments-v1");
  EXPECT_EQ(format, schema::SourceFormat::kYaml);
  EXPECT_TRUE(parse_schema_key("eu/a.b.json", name, format));
  EXPECT_EQ(name, "eu/a.b");
  EXPECT_EQ(format, schema::SourceFormat::kJson);
  EXPECT_TRUE(parse_schema_key(std::string(256, 'n') + ".yml", name, format));
}

TEST(SchemaKey, refuses_what_no_header_could_name) {
  std::string_view name;
  schema::SourceFormat format{};
  for (const std::string& key :
       {std::string("a.txt"), std::string(".yaml"), std::string("a"), std::string("a.yaml.sig"),
        std::string("a b.yaml"), std::string("a#b.yaml"), std::string("caf\xC3\xA9.yaml"),
        std::string("a.YAML"), std::string(257, 'n') + ".yml"})
    EXPECT_FALSE(parse_schema_key(key, name, format)) << key;
}

TEST_F(SchemaStoreTest, publishes_nothing_before_a_complete_listing_and_an_empty_set_after_an_empty_one) {
  source_.listable = false;
  EXPECT_FALSE(store_.refresh().ok());
  EXPECT_EQ(store_.schemas().get(), nullptr);
  source_.listable = true;
  EXPECT_TRUE(store_.refresh().ok());
  ASSERT_NE(store_.schemas().get(), nullptr);
  EXPECT_EQ(store_.schemas().get()->size(), 0U);
}

TEST_F(SchemaStoreTest, reads_only_what_changed) {
  source_.files["a.yaml"].text = schema_text("ssn");
  source_.files["b.yaml"].text = schema_text("card");
  ASSERT_TRUE(store_.refresh().ok());
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(source_.reads, 2);
  source_.files["a.yaml"] = {.text = schema_text("ssn,name"), .version = 2};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(source_.reads, 3);
  EXPECT_TRUE(seals("a", "name"));
  EXPECT_TRUE(seals("b", "card"));
}

TEST_F(SchemaStoreTest, a_bad_schema_harms_no_other_and_its_last_good_version_stays) {
  source_.files["a.yaml"].text = schema_text("ssn");
  source_.files["b.yaml"].text = schema_text("card");
  ASSERT_TRUE(store_.refresh().ok());
  source_.files["a.yaml"] = {.text = "openapi: [", .version = 2};
  source_.files["b.yaml"] = {.text = schema_text("card,iban"), .version = 2};
  source_.files["c.yaml"].text = "not a schema";
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_TRUE(seals("a", "ssn")) << "the last good version";
  EXPECT_TRUE(seals("b", "iban"));
  EXPECT_EQ(store_.schemas().get()->find("c"), nullptr);
  EXPECT_EQ(store_.failing(), 2U);
  const int reads = source_.reads;
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(source_.reads, reads) << "what is known to be bad is not compiled again";
  source_.files["a.yaml"] = {.text = schema_text("ssn,tax_id"), .version = 3};
  source_.files["c.yaml"] = {.text = schema_text("x"), .version = 2};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_TRUE(seals("a", "tax_id"));
  EXPECT_EQ(store_.failing(), 0U);
}

TEST_F(SchemaStoreTest, a_bad_schema_that_is_deleted_fails_no_longer) {
  source_.files["a.yaml"].text = schema_text("ssn");
  ASSERT_TRUE(store_.refresh().ok());
  source_.files["a.yaml"] = {.text = "openapi: [", .version = 2};
  source_.files["b.yaml"].text = "not a schema";
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 2U);
  source_.files.clear();
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 0U);
  EXPECT_TRUE(seals("a", "ssn"));
  source_.files["b.yaml"].text = "not a schema";
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 1U) << "it is back, and still bad";
}

TEST_F(SchemaStoreTest, tries_again_what_could_not_be_read) {
  source_.files["a.yaml"] = {.text = schema_text("ssn"), .version = 1, .readable = false};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 1U);
  source_.files["a.yaml"].readable = true;
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_TRUE(seals("a", "ssn"));
  EXPECT_EQ(store_.failing(), 0U);
}

TEST_F(SchemaStoreTest, fails_no_longer_when_an_unreadable_version_is_taken_back) {
  source_.files["a.yaml"].text = schema_text("ssn");
  ASSERT_TRUE(store_.refresh().ok());
  source_.files["a.yaml"] = {.text = schema_text("ssn"), .version = 2, .readable = false};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 1U);
  source_.files["a.yaml"] = {.text = schema_text("ssn"), .version = 1};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 0U);
  EXPECT_EQ(store_.confirmed(), std::vector<std::string>{"a"});
  EXPECT_EQ(source_.reads, 2) << "it is in use still";
}

TEST_F(SchemaStoreTest, fails_no_longer_when_a_refused_version_is_taken_back) {
  source_.files["a.yaml"].text = schema_text("ssn");
  ASSERT_TRUE(store_.refresh().ok());
  source_.files["a.yaml"] = {.text = "openapi: [", .version = 2};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 1U);
  source_.files["a.yaml"] = {.text = schema_text("ssn"), .version = 1};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 0U);
}

TEST_F(SchemaStoreTest, fails_still_when_a_refused_version_comes_back_after_an_unreadable_one) {
  source_.files["a.yaml"].text = "openapi: [";
  ASSERT_TRUE(store_.refresh().ok());
  source_.files["a.yaml"] = {.text = schema_text("ssn"), .version = 2, .readable = false};
  ASSERT_TRUE(store_.refresh().ok());
  source_.files["a.yaml"] = {.text = "openapi: [", .version = 1};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 1U);
}

TEST_F(SchemaStoreTest, refuses_two_files_of_one_name_and_keeps_what_was_there) {
  source_.files["a.yaml"].text = schema_text("ssn");
  ASSERT_TRUE(store_.refresh().ok());
  source_.files["a.json"].text = "{}";
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_TRUE(seals("a", "ssn"));
  EXPECT_EQ(store_.failing(), 1U);
  source_.files.erase("a.json");
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(store_.failing(), 0U);
}

TEST_F(SchemaStoreTest, a_deleted_schema_stays_until_restart) {
  source_.files["a.yaml"].text = schema_text("ssn");
  ASSERT_TRUE(store_.refresh().ok());
  source_.files.clear();
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_TRUE(seals("a", "ssn"));
}

TEST_F(SchemaStoreTest, remembers_what_is_too_large) {
  source_.files["a.yaml"].text = std::string(limits::kSchemaBytes + 1, ' ');
  ASSERT_TRUE(store_.refresh().ok());
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_EQ(source_.reads, 1);
  EXPECT_EQ(store_.failing(), 1U);
}

TEST_F(SchemaStoreTest, without_signatures_keeps_a_version_that_seals_more_than_the_next) {
  source_.files["a.yaml"].text = schema_text("ssn,card");
  ASSERT_TRUE(store_.refresh().ok());
  source_.files["a.yaml"] = {.text = schema_text("ssn,name"), .version = 2};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_TRUE(seals("a", "card"));
  EXPECT_FALSE(seals("a", "name"));
  EXPECT_EQ(store_.failing(), 1U);
  source_.files["a.yaml"] = {.text = schema_text("ssn,name,card"), .version = 3};
  ASSERT_TRUE(store_.refresh().ok());
  EXPECT_TRUE(seals("a", "name"));
  EXPECT_EQ(store_.failing(), 0U);
}

class SignedSchemaStore : public SchemaStoreTest {
 protected:
  // Puts a version with a signature of this name (of "a" as a rule).
  void put(std::uint64_t version, const std::string& text, std::string_view name = "a") {
    ++change_;
    source_.files["a.yaml"] = {.text = text, .version = change_};
    source_.files["a.yaml.sig"] = {
        .text = signed_schema::format(signed_schema::sign(key_, name, version, text).value()),
        .version = change_};
  }
  // The fields of a, b and c that are sealed after a refresh.
  std::string sealed() {
    EXPECT_TRUE(signed_store_.refresh().ok());
    const auto set = signed_store_.schemas().get();
    const schema::Schema* schema = set->find("a");
    if (schema == nullptr) return "none";
    std::string fields;
    const auto plan = schema->plan(std::nullopt);
    for (const std::string_view key : {"a", "b", "c"})
      if (plan->rule(plan->member(plan->start(), key)) != json::kNoRule) fields += key;
    return fields;
  }

  const crypto::Ed25519PrivateKey key_ = crypto::Ed25519PrivateKey::generate().value();
  SchemaStore signed_store_{
      source_, {.public_key = key_.public_key().value(), .min_version = 3}, log_, counters_.add_shard()};
  int change_ = 0;
};

TEST_F(SignedSchemaStore, takes_versions_that_rise_whatever_they_seal) {
  put(3, schema_text("a,b"));
  EXPECT_EQ(sealed(), "ab");
  put(4, schema_text("c"));
  EXPECT_EQ(sealed(), "c");
  put(4, schema_text("c"));
  EXPECT_EQ(sealed(), "c");
  EXPECT_EQ(signed_store_.failing(), 0U);
}

TEST_F(SignedSchemaStore, refuses_a_version_below_the_floor_or_the_one_in_use) {
  put(2, schema_text("a"));
  EXPECT_EQ(sealed(), "none");
  put(5, schema_text("b"));
  EXPECT_EQ(sealed(), "b");
  put(4, schema_text("a"));
  EXPECT_EQ(sealed(), "b");
  EXPECT_EQ(signed_store_.failing(), 1U);
}

TEST_F(SignedSchemaStore, refuses_other_content_under_the_version_in_use) {
  put(3, schema_text("a"));
  EXPECT_EQ(sealed(), "a");
  put(3, schema_text("a,b"));
  EXPECT_EQ(sealed(), "a");
}

TEST_F(SignedSchemaStore, a_version_that_cannot_be_compiled_does_not_raise_the_floor) {
  put(9, "openapi: [");
  EXPECT_EQ(sealed(), "none");
  put(3, schema_text("a"));
  EXPECT_EQ(sealed(), "a");
}

TEST_F(SignedSchemaStore, refuses_a_missing_broken_or_foreign_signature) {
  put(3, schema_text("a"));
  EXPECT_EQ(sealed(), "a");
  put(4, schema_text("b"), "other");
  EXPECT_EQ(sealed(), "a");
  put(4, schema_text("b"));
  source_.files["a.yaml"].text = schema_text("b,c");
  EXPECT_EQ(sealed(), "a");
  put(4, schema_text("b"));
  source_.files["a.yaml.sig"].text = "{}";
  EXPECT_EQ(sealed(), "a");
  put(4, schema_text("b"));
  source_.files.erase("a.yaml.sig");
  EXPECT_EQ(sealed(), "a");
  // The signature alone comes: the schema is looked at again.
  put(4, source_.files["a.yaml"].text);
  EXPECT_EQ(sealed(), "b");
  EXPECT_EQ(signed_store_.failing(), 0U);
}

}  // namespace
}  // namespace nes::service
