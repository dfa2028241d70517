#include "enclave/service/pipeline.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
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
      case Direction::kSeal: return seal_unless_sealed(literal, type, rule, out);
      case Direction::kOpen: return open_or_leave(literal, type, rule, out);
      case Direction::kRewrap: NES_TRY(rewrap(literal, type, rule, out)); return true;
    }
    NES_CHECK(false && "a Direction outside its enumeration");
  }

  std::size_t size_bound(std::size_t size) const override {
    // Opening makes a value shorter, but for one of many control characters, and then asks as it grows.
    return job_.direction == Direction::kSeal ? token::token_size(size + 1) + 2 : size;
  }

  std::uint64_t deterministic_seals() const noexcept { return deterministic_seals_; }

 private:
  Result<bool> seal_unless_sealed(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                                  secret::SecretBytes& out) {
    if (job_.keep_sealed) {
      // Whether a token opens is for those to know who may open it.
      if (!job_.keep_sealed->allows_context(rule.context))
        return Error{ErrorCode::kNotAllowed, "the client may not decrypt this context"};
      pipeline_.literal_.clear();
      const auto opened = open(literal, type, rule, pipeline_.literal_);
      if (opened.ok()) return false;
      if (opened.error().code != ErrorCode::kTokenRejected) return opened.error();
    }
    NES_TRY(seal(literal, type, rule, out));
    return true;
  }

  // Only what is no token of ours is left: one whose key is not loaded may be, and is an error.
  Result<bool> open_or_leave(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                             secret::SecretBytes& out) {
    const std::size_t former_size = out.size();
    const auto opened = open(literal, type, rule, out);
    if (opened.ok()) {
      if (job_.one_line) put_on_one_line(out.reveal_mutable().subspan(former_size));
      return true;
    }
    if (job_.leave_unopened && opened.error().code == ErrorCode::kTokenRejected) return false;
    return opened.error();
  }

  Result<void> seal(std::string_view literal, json::ValueType type, const schema::Rule& rule,
                    secret::SecretBytes& out) {
    const bool deterministic = rule.mode == schema::Mode::kDeterministic;
    const SealLimit& limit = pipeline_.seal_limit_;
    if (deterministic && ++deterministic_seals_ > limit.per_second() && limit.is_on())
      return Error{ErrorCode::kRateLimited, "more deterministic values than a second allows"};
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
    NES_TRY(open_token(text, rule, kid));
    pipeline_.note_open(kid);
    return rewrite::decode_plaintext(pipeline_.plaintext_.reveal(), out);
  }

  // For whoever opens some contexts and not all, a token's context is one of his: neither one that the field
  // had before, nor none, as in the older form. With sealed=keep it is the contexts that he may decrypt that
  // count.
  Result<void> open_token(std::string_view text, const schema::Rule& rule, token::KeyId& kid) {
    token::TokenCipher& cipher = *pipeline_.cipher_;
    const config::ClientMatch& opener = job_.keep_sealed ? *job_.keep_sealed : job_.client;
    if (opener.allows_every_context())
      return cipher.open(rule.context, rule.previous_contexts, text, pipeline_.plaintext_, &kid);
    auto opened = cipher.open_bound(rule.context, text, pipeline_.plaintext_, &kid);
    for (const std::string& previous : rule.previous_contexts) {
      if (opened.ok() || opened.error().code != ErrorCode::kTokenRejected) break;
      if (opener.allows_context(previous))
        opened = cipher.open_bound(previous, text, pipeline_.plaintext_, &kid);
    }
    return opened;
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

  // `value` is one valid JSON value.
  static void put_on_one_line(ByteSpan value) noexcept {
    if (value.front() != '{' && value.front() != '[') return;
    std::replace_if(
        value.begin(), value.end(), [](auto byte) { return byte == '\n' || byte == '\r'; }, ' ');
  }

  Pipeline& pipeline_;
  const Job& job_;
  std::uint64_t deterministic_seals_ = 0;
};

Pipeline::Pipeline(const Sources& sources, token::TokenCipher::Options options) noexcept
    : keys_(sources.keys),
      schemas_(sources.schemas),
      seal_limit_(sources.seal_limit),
      on_planned_(sources.on_planned),
      options_(options) {}

Pipeline::~Pipeline() = default;

void Pipeline::note_open(const token::KeyId& kid) {
  const auto found =
      std::find_if(opens_.begin(), opens_.end(), [&](const Opens& opens) { return opens.kid == kid; });
  if (found == opens_.end())
    opens_.push_back({.kid = kid, .count = 1});
  else
    ++found->count;
}

// Of keys alone: a job keeps the schemas that it was planned with.
Result<void> Pipeline::update_keys() {
  if (keys_.update() || (cipher_ == nullptr && keys_.value() != nullptr)) {
    cipher_.reset();
    NES_TRY_ASSIGN(cipher_, token::TokenCipher::make(keys_.value(), options_));
  }
  if (cipher_ == nullptr) return Error{ErrorCode::kNotReady, "no key is loaded"};
  return {};
}

Result<void> Pipeline::update() {
  schemas_.update();
  NES_TRY(update_keys());
  if (schemas_.value() == nullptr) return Error{ErrorCode::kNotReady, "schemas have not been listed"};
  return {};
}

std::string_view Pipeline::loaded_name(const Job& job) const {
  const std::string_view header = job.schema_header.value_or("");
  const auto& schemas = schemas_.value()->all();
  const auto found = schemas.find(header.substr(0, header.find('#')));
  return found == schemas.end() ? std::string_view() : std::string_view(found->first);
}

Result<JobPlan> Pipeline::plan(const Job& job) {
  NES_TRY(update());
  if (!job.schema_header || job.schema_header->empty())
    return Error{ErrorCode::kSchemaHeaderMissing, "no schema is named"};
  const std::size_t hash = job.schema_header->find('#');
  const auto& schemas = schemas_.value();
  const auto found = schemas->all().find(job.schema_header->substr(0, hash));
  if (found == schemas->all().end())
    return Error{ErrorCode::kSchemaUnknown, "no schema of this name is loaded"};
  std::optional<std::string_view> fragment;
  if (hash != std::string_view::npos) fragment = job.schema_header->substr(hash + 1);
  const schema::Schema& schema = *found->second.schema;
  NES_TRY_ASSIGN(const schema::FieldPlan plan, schema.plan(fragment));
  JobPlan planned{.schemas = schemas, .schema = found->first, .plan = plan};
  if (job.strict) {
    const auto undeclared = schema.undeclared(fragment);
    if (undeclared.ok())
      planned.undeclared = *undeclared;
    else if (undeclared.error().code != ErrorCode::kLimit)
      return undeclared.error();
  }
  return planned;
}

Result<std::optional<std::string>> Pipeline::undeclared_key(const Job& job, const JobPlan& plan) {
  // What cannot be shown to be declared is not.
  if (!plan.undeclared) return std::optional<std::string>("/*");
  const schema::FieldPlan& undeclared = *plan.undeclared;
  scratch_.located.clear();
  NES_TRY(json::locate(job.text, job.shape, undeclared, undeclared.start(), scratch_.located, job.room));
  if (scratch_.located.empty()) return std::optional<std::string>();
  return std::optional(
      json::path_of(job.text, job.shape, undeclared, undeclared.start(), scratch_.located.front().begin));
}

void Pipeline::trim() noexcept {
  plaintext_.clear_keeping(limits::kKeptBufferBytes);
  literal_.clear_keeping(limits::kKeptBufferBytes);
  scratch_.trim();
}

JobReport Pipeline::run(const Job& job, secret::SecretBytes& out) {
  opens_.clear();
  const auto planned = plan(job);
  if (on_planned_) on_planned_();
  if (planned.ok()) return transform(job, *planned, out);
  JobReport report;
  report.failure = JobFailure{.error = planned.error(), .path = {}};
  if (planned.error().code != ErrorCode::kNotReady) report.schema = loaded_name(job);
  return report;
}

JobReport Pipeline::transform(const Job& job, const JobPlan& planned, secret::SecretBytes& out) {
  JobReport report;
  report.schema = planned.schema;
  const auto fail = [&report](const Error& error, std::string path = {}) -> JobReport& {
    report.failure = JobFailure{.error = error, .path = std::move(path)};
    return report;
  };
  if (const auto ready = update_keys(); !ready.ok()) return fail(ready.error());
  if (job.strict) {
    auto undeclared = undeclared_key(job, planned);
    trim();
    if (!undeclared.ok()) return fail(undeclared.error());
    if (undeclared->has_value())
      return fail({ErrorCode::kUndeclaredKey, "a key is not declared"}, std::move(**undeclared));
  }

  const schema::FieldPlan& plan = planned.plan;
  Transform transform(*this, job);
  const std::size_t former_size = out.size();
  const auto outcome = rewrite::rewrite(job.text, job.shape, plan, transform, scratch_, out, job.room);
  trim();
  if (!outcome.ok()) {
    fail(outcome.error());
    if (outcome.error().code == ErrorCode::kTokenRejected)
      report.failure->path = json::path_of(job.text, job.shape, plan, plan.start(),
                                           static_cast<std::uint32_t>(outcome.error().position));
    return report;
  }
  if (!seal_limit_.take(job.client_name, transform.deterministic_seals())) {
    out.resize(former_size);
    return fail({ErrorCode::kRateLimited, "more deterministic values than a second allows"});
  }
  report.replaced = outcome->replaced;
  if (job.leave_unopened) report.unopened = outcome->kept;
  return report;
}

}  // namespace nes::service
