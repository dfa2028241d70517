#include "policy/statement.h"

#include <cstddef>
#include <optional>
#include <span>

#include "base/json_text.h"
#include "policy/match.h"
#include "policy/policy.h"

namespace nes::policy {
namespace {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Where the statements of a policy stand. Only for a text that parse() takes, so that nothing has to be
// checked again: strings end, brackets match.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // A single statement that stands without a list is one too. Empty if the key is spelled with escapes.
  std::vector<Span> statements() {
    skip_space();
    ++at_;  // {
    for (skip_space(); text_[at_] != '}'; skip_space()) {
      if (text_[at_] == ',') {
        ++at_;
        continue;
      }
      const Span key = value();
      skip_space();
      ++at_;  // :
      skip_space();
      if (text_.substr(key.begin, key.end - key.begin) != "\"Statement\"") {
        value();
        continue;
      }
      if (text_[at_] != '[') return {value()};
      return items();
    }
    return {};
  }

 private:
  void skip_space() { at_ = text_.find_first_not_of(" \t\r\n", at_); }

  std::vector<Span> items() {
    std::vector<Span> out;
    ++at_;  // [
    for (skip_space(); text_[at_] != ']'; skip_space()) {
      if (text_[at_] == ',')
        ++at_;
      else
        out.push_back(value());
    }
    return out;
  }

  void string() {
    for (++at_; text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    ++at_;
  }

  Span value() {
    const std::size_t begin = at_;
    std::size_t depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0);
    // Only strings, objects and arrays are values of a policy that is any.
    return {begin, at_};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string quoted(std::string_view text) {
  std::string out;
  base::append_quoted(out, text);
  return out;
}

// One value as itself, several as a list in one line.
std::string one_or_list(const std::vector<std::string>& values) {
  if (values.size() == 1) return quoted(values.front());
  std::string out = "[";
  for (const std::string& value : values) out += (out.size() > 1 ? ", " : "") + quoted(value);
  return out + "]";
}

void add_statement(std::string& out, std::string_view sid, const std::vector<std::string>& principals,
                   const std::vector<std::string>& actions) {
  if (principals.empty()) return;
  out += ",\n    {\n      \"Sid\": " + quoted(sid) +
         ",\n      \"Effect\": \"Allow\",\n      \"Principal\": {\"AWS\": " + one_or_list(principals) +
         "},\n      \"Action\": [";
  for (std::size_t i = 0; i < actions.size(); ++i)
    out += (i > 0 ? ",\n        " : "\n        ") + quoted("kms:" + actions[i]);
  out += "\n      ],\n      \"Resource\": \"*\"\n    }";
}

}  // namespace

std::string write_statement(std::string_view role, const std::vector<std::string>& pcr0s,
                            std::size_t indent) {
  const std::string line = "\n" + std::string(indent, ' ');
  std::vector<std::string> values;
  for (const std::string& pcr0 : pcr0s) values.push_back(to_lower(pcr0));
  std::string out = "{";
  out += line + R"(  "Sid": )" + quoted(kEnclaveSid) + ",";
  out += line + R"(  "Effect": "Allow",)";
  out += line + R"(  "Principal": {)" + line + R"(    "AWS": )" + quoted(role) + line + "  },";
  out += line + R"(  "Action": "kms:Decrypt",)";
  out += line + R"(  "Resource": "*",)";
  out += line + R"(  "Condition": {)" + line + R"(    "StringEqualsIgnoreCase": {)";
  out += line + R"(      "kms:RecipientAttestation:PCR0": )" + one_or_list(values);
  out += line + "    }" + line + "  }" + line + "}";
  return out;
}

std::string write_policy(const WholePolicy& parts) {
  std::string out = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    ";
  out += write_statement(parts.role, parts.pcr0s, 4);
  // Everything that an administrator needs and that does not itself give plaintext.
  add_statement(out, "AllowKeyAdministration", parts.admins,
                {"DescribeKey", "GetKeyPolicy", "PutKeyPolicy", "ListKeyPolicies", "ListGrants",
                 "RevokeGrant", "GetKeyRotationStatus", "EnableKeyRotation", "DisableKeyRotation",
                 "EnableKey", "DisableKey", "UpdateKeyDescription", "TagResource", "UntagResource",
                 "ListResourceTags", "ScheduleKeyDeletion", "CancelKeyDeletion"});
  add_statement(out, "AllowDataKeys", parts.operators, {"DescribeKey", "GenerateDataKeyWithoutPlaintext"});
  add_statement(out, "AllowAudit", parts.auditors, {"DescribeKey", "GetKeyPolicy", "ListGrants"});
  add_statement(out, "AllowImport", parts.importers, {"DescribeKey", "Encrypt"});
  return out + "\n  ]\n}\n";
}

Result<std::string> put_statement(std::string_view policy, std::string_view statement) {
  NES_TRY_ASSIGN(const Policy parsed, parse(policy));
  const std::vector<Span> spans = Scanner(policy).statements();
  if (spans.size() != parsed.statements.size())
    return Error{ErrorCode::kMalformed, "the key Statement is spelled with escapes"};
  std::optional<std::size_t> there;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (parsed.statements[i].sid != kEnclaveSid) continue;
    if (there) return Error{ErrorCode::kMalformed, "two statements have the Sid AllowNitroEnclaveDecrypt"};
    if (parsed.statements[i].effect != Effect::kAllow)
      return Error{ErrorCode::kMalformed, "the Sid AllowNitroEnclaveDecrypt is that of a Deny"};
    there = i;
  }
  std::string out(policy);
  if (there) {
    const Span span = spans[*there];
    return out.replace(span.begin, span.end - span.begin, statement);
  }
  const Span last = spans.back();
  // A statement that stands alone becomes a list.
  const std::string_view before = policy.substr(0, spans.front().begin);
  const bool is_list = before.find_last_not_of(" \t\r\n") != std::string_view::npos &&
                       before[before.find_last_not_of(" \t\r\n")] == '[';
  out.insert(last.end, ", " + std::string(statement) + (is_list ? "" : "]"));
  if (!is_list) out.insert(spans.front().begin, "[");
  return out;
}

}  // namespace nes::policy
