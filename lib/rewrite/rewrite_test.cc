#include "rewrite/rewrite.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "rewrite/plaintext.h"
#include "schema/field_plan.h"

namespace nes::rewrite {
namespace {

using json::Shape;

constexpr std::string_view kSchema = R"({
  "openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {},
  "components": {"schemas": {"Payment": {"type": "object", "properties": {
    "card_number": {"type": "string", "x-pii": {"mode": "deterministic", "context": "card"}},
    "amount": {"type": "number"},
    "payer": {"type": "object", "properties": {"name": {"type": "string", "x-pii": true}}},
    "notes": {"type": "array", "items": {"x-pii": {"mode": "randomized", "context": "notes"}}},
    "extra": {"type": "object", "additionalProperties": {"x-pii": true}}}}}}})";

// A token is <context>:<mode>:<plaintext in hex>; opening undoes it.
class Reversible final : public FieldTransform {
 public:
  explicit Reversible(bool seals) : seals_(seals) {}

  Result<bool> apply(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                     secret::SecretBytes& out) override {
    const bool deterministic = rule.mode == schema::Mode::kDeterministic;
    const std::string prefix = "\"" + rule.context + (deterministic ? ":d:" : ":r:");
    if (seals_) {
      secret::SecretBytes plaintext;
      encode_plaintext(literal, type, deterministic, plaintext);
      out.append(as_bytes(prefix + base::hex_encode(plaintext.reveal()) + "\""));
      return true;
    }
    constexpr Error kRejected{ErrorCode::kTokenRejected, "no token"};
    if (!literal.starts_with(prefix)) return kRejected;
    const auto plaintext =
        base::hex_decode(literal.substr(prefix.size(), literal.size() - prefix.size() - 1));
    if (!plaintext) return kRejected;
    NES_TRY(decode_plaintext(*plaintext, out));
    return true;
  }

 private:
  bool seals_;
};

class Rewrite : public ::testing::Test {
 protected:
  Rewrite() : schema_(schema::Schema::compile(kSchema, schema::SourceFormat::kJson, {}).value()) {}

  Result<std::string> run(std::string_view text, bool seals, Shape shape = Shape::kDocument) {
    const schema::FieldPlan plan = schema_->plan("/components/schemas/Payment").value();
    Reversible transform(seals);
    secret::SecretBytes out;
    const Result<Outcome> result = rewrite(text, shape, plan, transform, scratch_, out);
    if (!result.ok()) {
      EXPECT_TRUE(out.empty());
      return result.error();
    }
    outcome_ = *result;
    return std::string(as_text(out.reveal()));
  }

  std::shared_ptr<const schema::Schema> schema_;
  Scratch scratch_;
  Outcome outcome_;
};

TEST_F(Rewrite, seals_what_the_schema_marks_with_its_rule) {
  EXPECT_EQ(run(R"({ "card_number":"41", "amount": 1.50, "payer": {"name":"A"}, "id":"41" })", true).value(),
            R"({ "card_number":"card:d:733431", "amount": 1.50, "payer": {"name":":r:7341"}, "id":"41" })");
  EXPECT_EQ(outcome_.replaced, 2U);
  EXPECT_EQ(run(R"({"notes":[1,null],"extra":{"k":true}})", true).value(),
            R"({"notes":["notes:r:6a31",null],"extra":{"k":":r:6a74727565"}})");
  EXPECT_EQ(run(R"({"payload":{"card_number":"41"}})", true, Shape::kEnvelope).value(),
            R"({"payload":{"card_number":"card:d:733431"}})");
}

TEST_F(Rewrite, opens_what_it_sealed_to_the_same_bytes) {
  for (const std::string_view text :
       {R"({})", R"([1])", R"({"card_number":"4111\n","card_number":[ 1 ],"amount":0.10})",
        R"({"payer":{"name":"\u0041\/"},"extra":{"":-1E+2,"\ud800":{"a":[]}},"notes":[ "x" , {} ]})"}) {
    const std::string sealed = run(text, true).value();
    EXPECT_EQ(run(sealed, false).value(), text);
  }
}

TEST_F(Rewrite, opens_a_deterministic_string_in_canonical_spelling) {
  const std::string sealed = run(R"({"card_number":"\u0034\/"})", true).value();
  EXPECT_EQ(sealed, run(R"({"card_number":"4/"})", true).value());
  EXPECT_EQ(run(sealed, false).value(), R"({"card_number":"4/"})");
}

TEST_F(Rewrite, names_the_place_of_a_value_that_the_transform_rejects) {
  const std::string_view text = R"({"amount":1,"payer":{"name":"no token"}})";
  const Result<std::string> result = run(text, false);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kTokenRejected);
  EXPECT_EQ(result.error().position, text.find("\"no token"));
  const schema::FieldPlan plan = schema_->plan("/components/schemas/Payment").value();
  EXPECT_EQ(json::path_of(text, Shape::kDocument, plan, plan.start(),
                          static_cast<std::uint32_t>(result.error().position)),
            "/payer/name");
}

TEST_F(Rewrite, rejects_what_is_not_the_document_asked_for) {
  EXPECT_EQ(run(R"({"amount":1)", true).error().code, ErrorCode::kMalformedJson);
  EXPECT_EQ(run(R"({"amount":1})", true, Shape::kEnvelope).error().code, ErrorCode::kMalformedRequest);
}

}  // namespace
}  // namespace nes::rewrite
