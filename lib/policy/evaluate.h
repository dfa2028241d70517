// What a key policy decides about a request, as AWS KMS does: an explicit Deny first, then an Allow, else no.
//
// Where a policy asks for something that cannot be decided here, the answer is the closed one: such a
// condition does not open an Allow and does not lift a Deny. That is so for operators that are not evaluated,
// for policy variables
// (${…}), and for a condition without ForAnyValue or ForAllValues on a key that has several values.
//
// A principal that is an account delegates to the account's own IAM policies. There are none here: every
// caller of the account counts as allowed by them to do everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace nes::policy {

// Condition keys of a request with their values. Names are compared without regard to case.
class Context {
 public:
  void add(std::string_view name, std::string value);
  // Null if the request does not have the key.
  const std::vector<std::string>* find(std::string_view name) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;  // by lower-case name
};

// Who asks: all names of one caller.
struct Identity {
  std::string arn;       // a session's, a user's or a role's
  std::string role_arn;  // the role behind a session; else as arn
  std::string account;   // 12 digits
};

struct Request {
  Identity caller;
  std::string action;    // kms:Decrypt
  std::string resource;  // the key's ARN
  Context context{};
};

enum class Outcome : std::uint8_t { kAllowed, kDenied, kNotAllowed };  // kNotAllowed: by no statement

struct Decision {
  Outcome outcome = Outcome::kNotAllowed;
  std::optional<std::size_t>
      statement{};  // that decided: an index into Policy::statements; none if kNotAllowed
};

Decision evaluate(const Policy& policy, const Request& request);

// The parts of a statement, each on its own.

// Whether `principal` is one of the caller's names, the caller's account, or everyone.
bool names(const Principal& principal, const Identity& caller);
bool is_about(const Statement& statement, const Identity& caller);
bool covers_action(const Statement& statement, std::string_view action);
bool covers_resource(const Statement& statement, std::string_view resource);

enum class Truth : std::uint8_t { kNo, kUndecided, kYes };
Truth holds(const Condition& condition, const Context& context);

}  // namespace nes::policy
