#include "aws/key_access.h"

#include "base/json_text.h"
#include "base/limits.h"

namespace nes::aws {
namespace {

constexpr std::string_view kPolicyName = "default";  // every key has one policy, called so

// A JSON object of strings.
class Body {
 public:
  Body& text(std::string_view name, std::string_view value) {
    if (out_.size() > 1) out_ += ',';
    base::append_quoted(out_, name);
    out_ += ':';
    base::append_quoted(out_, value);
    return *this;
  }
  std::string finish() { return out_ + '}'; }

 private:
  std::string out_ = "{";
};

Result<KeyGrant> grant_of(const JsonFields& fields) {
  KeyGrant grant;
  NES_TRY_ASSIGN(const std::string_view id, fields.string("GrantId"));
  grant.id = id;
  NES_TRY_ASSIGN(auto grantee, fields.optional_string("GranteePrincipal"));
  if (!grantee) {
    NES_TRY_ASSIGN(grantee, fields.optional_string("GranteeServicePrincipal"));
  }
  grant.grantee = grantee.value_or("");
  NES_TRY_ASSIGN(grant.operations, fields.optional_strings("Operations"));
  return grant;
}

}  // namespace

Result<std::string> KeyAccess::policy() {
  NES_TRY_ASSIGN(const JsonFields fields,
                 client_.call_json(Service::kKms, "TrentService.GetKeyPolicy",
                                   Body().text("KeyId", key_id_).text("PolicyName", kPolicyName).finish()));
  NES_TRY_ASSIGN(const std::string_view policy, fields.string("Policy"));
  return std::string(policy);
}

Result<void> KeyAccess::put_policy(std::string_view policy) {
  // Not call_json(): the answer is empty.
  NES_TRY(client_.call(
      {.service = Service::kKms,
       .host_prefix = {},
       .query = {},
       .headers = {{"content-type", "application/x-amz-json-1.1"},
                   {"x-amz-target", "TrentService.PutKeyPolicy"}},
       .body = Body().text("KeyId", key_id_).text("PolicyName", kPolicyName).text("Policy", policy).finish(),
       .max_answer_bytes = limits::kAwsAnswerBytes}));
  return {};
}

Result<std::vector<KeyGrant>> KeyAccess::grants() {
  std::vector<KeyGrant> grants;
  std::string marker;
  for (std::size_t page = 0; page < limits::kAwsPages; ++page) {
    Body body;
    body.text("KeyId", key_id_);
    if (!marker.empty()) body.text("Marker", marker);
    NES_TRY_ASSIGN(const JsonFields fields,
                   client_.call_json(Service::kKms, "TrentService.ListGrants", body.finish()));
    NES_TRY_ASSIGN(const auto items, fields.optional_objects("Grants"));
    for (const JsonFields* item : items) {
      NES_TRY_ASSIGN(KeyGrant grant, grant_of(*item));
      grants.push_back(std::move(grant));
    }
    if (fields.scalar("Truncated") != "true") return grants;
    NES_TRY_ASSIGN(const std::string_view next, fields.string("NextMarker"));
    if (next.empty())
      return Error{ErrorCode::kMalformed, "a page of grants does not say where the next one is"};
    marker = next;
  }
  return Error{ErrorCode::kLimit, "a key has more grants than the limit"};
}

}  // namespace nes::aws
