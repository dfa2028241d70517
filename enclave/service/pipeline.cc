#include "enclave/service/pipeline.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rewrite/plaintext.h"

namespace nes::service {

// What is done to one value. A sealed value is a string that holds its token.
class Pipeline::Transform final : public rewrite::FieldTransform {
 public:
  Transform(Pipeline& pipeline, const Job& job) noexcept : pipeline_(pipeline), job_(job) {}

  Result<bool> apply(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                     secret::SecretBytes& out) override {
    if (!job_.client.allows_context(rule.context))
      return Error{ErrorCode::kNotAllowed, "the client may not touch this context"};
    switch (job_.direction) {
      case Direction::kSeal: NES_TRY(seal(literal, type, rule, out)); return true;
      case Direction::kOpen: NES_TRY(open(literal, type, rule, out)); return true;
      case Direction::kRewrap: NES_TRY(rewrap(literal, type, rule, out)); return true;
    }
    NES_CHECK(false && "a Direction outside its enumeration");
  }

 private:
  Result<void> seal(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                    secret::SecretBytes& out) {
    const bool deterministic = rule.mode == schema::Mode::kDeterministic;
    pipeline_.plaintext_.clear();
    rewrite::encode_plaintext(literal, type, deterministic, pipeline_.plaintext_);
    out.push_back('"');
    NES_TRY(pipeline_.cipher_->seal(deterministic ? token::Mode::kDeterministic : token::Mode::kRandomized,
                                    rule.context, pipeline_.plaintext_.reveal(), out));
    out.push_back('"');
    return {};
  }

  // A token has no character that JSON needs to escape, so its literal is the token itself; an escaped
  // spelling is another spelling and does not open.
  Result<void> open(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                    secret::SecretBytes& out) {
    if (type != json::ValueType::kString) return Error{ErrorCode::kTokenRejected, "not a token"};
    const std::string_view text = literal.substr(1, literal.size() - 2);
    token::KeyId kid{};
    pipeline_.plaintext_.clear();
    NES_TRY(pipeline_.cipher_->open(rule.context, rule.previous_contexts, text, pipeline_.plaintext_, &kid));
    pipeline_.note_open(kid);
    return rewrite::decode_plaintext(pipeline_.plaintext_.reveal(), out);
  }

  // The literal is rebuilt and then treated as any other, so that the rule of today decides about its mode.
  Result<void> rewrap(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                      secret::SecretBytes& out) {
    pipeline_.literal_.clear();
    NES_TRY(open(literal, type, rule, pipeline_.literal_));
    const std::string_view value = as_text(pipeline_.literal_.reveal());
    // seal() asks only whether it is a string.
    return seal(value, value.front() == '"' ? json::ValueType::kString : json::ValueType::kObject, rule, out);
  }

  Pipeline& pipeline_;
  const Job& job_;
};

Pipeline::Pipeline(const Sources& sources, token::TokenCipher::Options options) noexcept
    : keys_(sources.keys), schemas_(sources.schemas), options_(options) {}

Pipeline::~Pipeline() = default;

void Pipeline::note_open(const token::KeyId& kid) {
  const auto found =
      std::find_if(opens_.begin(), opens_.end(), [&](const Opens& opens) { return opens.kid == kid; });
  if (found == opens_.end())
    opens_.push_back({.kid = kid, .count = 1});
  else
    ++found->count;
}

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
  opens_.clear();
  const auto fail = [&report](const Error& error) -> JobReport& {
    report.failure = JobFailure{.error = error, .path = {}};
    return report;
  };
  if (const auto ready = update(); !ready.ok()) return fail(ready.error());
  const auto plan = find_plan(job, report.schema);
  if (!plan.ok()) return fail(plan.error());

  Transform transform(*this, job);
  const auto outcome = rewrite::rewrite(job.text, job.shape, *plan, transform, scratch_, out);
  plaintext_.clear();
  literal_.clear();
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
