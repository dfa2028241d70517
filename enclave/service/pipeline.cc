#include "enclave/service/pipeline.h"

#include <utility>

#include "rewrite/plaintext.h"

namespace nes::service {

static token::Mode token_mode(schema::Mode mode) noexcept {
  return mode == schema::Mode::kDeterministic ? token::Mode::kDeterministic : token::Mode::kRandomized;
}

// A value becomes a string that holds its token.
class Pipeline::Sealer final : public rewrite::FieldTransform {
 public:
  Sealer(token::TokenCipher& cipher, secret::SecretBytes& plaintext) noexcept
      : cipher_(cipher), plaintext_(plaintext) {}

  Result<bool> apply(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                     secret::SecretBytes& out) override {
    const token::Mode mode = token_mode(rule.mode);
    plaintext_.clear();
    rewrite::encode_plaintext(literal, type, mode == token::Mode::kDeterministic, plaintext_);
    out.push_back('"');
    NES_TRY(cipher_.seal(mode, rule.context, plaintext_.reveal(), out));
    out.push_back('"');
    return true;
  }

 private:
  token::TokenCipher& cipher_;
  secret::SecretBytes& plaintext_;
};

// A string that holds a token becomes the value that was sealed. A token has no character that JSON needs to
// escape, so its literal is the token itself; an escaped spelling is another spelling and does not open.
class Pipeline::Opener final : public rewrite::FieldTransform {
 public:
  Opener(token::TokenCipher& cipher, secret::SecretBytes& plaintext) noexcept
      : cipher_(cipher), plaintext_(plaintext) {}

  Result<bool> apply(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                     secret::SecretBytes& out) override {
    if (type != json::ValueType::kString) return Error{ErrorCode::kTokenRejected, "not a token"};
    const std::string_view text = literal.substr(1, literal.size() - 2);
    plaintext_.clear();
    NES_TRY(cipher_.open(rule.context, rule.previous_contexts, text, plaintext_, nullptr));
    NES_TRY(rewrite::decode_plaintext(plaintext_.reveal(), out));
    return true;
  }

 private:
  token::TokenCipher& cipher_;
  secret::SecretBytes& plaintext_;
};

Pipeline::Pipeline(const Sources& sources, token::TokenCipher::Options options) noexcept
    : keys_(sources.keys), schemas_(sources.schemas), options_(options) {}

Pipeline::~Pipeline() = default;

Result<void> Pipeline::update() {
  schemas_.update();
  if (keys_.update() || (cipher_ == nullptr && keys_.value() != nullptr)) {
    cipher_.reset();
    NES_TRY_ASSIGN(cipher_, token::TokenCipher::make(keys_.value(), options_));
  }
  if (cipher_ == nullptr) return Error{ErrorCode::kNotReady, "no key is loaded"};
  if (schemas_.value() == nullptr) return Error{ErrorCode::kNotReady, "schemas have not been listed"};
  return {};
}

Result<schema::FieldPlan> Pipeline::find_plan(const Job& job, std::string_view& schema_name) const {
  if (!job.schema_header || job.schema_header->empty())
    return Error{ErrorCode::kSchemaHeaderMissing, "no schema is named"};
  const std::size_t hash = job.schema_header->find('#');
  const std::string_view name = job.schema_header->substr(0, hash);
  const schema::Schema* schema = schemas_.value()->find(name);
  if (schema == nullptr) return Error{ErrorCode::kSchemaUnknown, "no schema of this name is loaded"};
  schema_name = name;
  if (hash == std::string_view::npos) return schema->plan(std::nullopt);
  return schema->plan(job.schema_header->substr(hash + 1));
}

JobReport Pipeline::run(const Job& job, secret::SecretBytes& out) {
  JobReport report;
  const auto fail = [&report](const Error& error) -> JobReport& {
    report.failure = JobFailure{.error = error, .path = {}};
    return report;
  };
  if (const auto ready = update(); !ready.ok()) return fail(ready.error());
  const auto plan = find_plan(job, report.schema);
  if (!plan.ok()) return fail(plan.error());

  Sealer sealer(*cipher_, plaintext_);
  Opener opener(*cipher_, plaintext_);
  rewrite::FieldTransform& transform =
      job.direction == Direction::kSeal ? static_cast<rewrite::FieldTransform&>(sealer) : opener;
  const auto outcome = rewrite::rewrite(job.text, job.shape, *plan, transform, scratch_, out);
  plaintext_.clear();
  if (outcome.ok()) {
    report.replaced = outcome->replaced;
    return report;
  }
  fail(outcome.error());
  if (outcome.error().code == ErrorCode::kTokenRejected)
    report.failure->path = json::path_of(job.text, job.shape, *plan, plan->start(),
                                         static_cast<std::uint32_t>(outcome.error().position));
  return report;
}

}  // namespace nes::service
