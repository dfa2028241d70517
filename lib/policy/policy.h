// Key policies of AWS KMS as a tree that can be inspected: what a document says, element by element, as
// written. evaluate.h says what follows from it.
//
// Parsing is strict, because a policy that is misread opens keys: an element, an effect, a condition operator
// or a kind of principal that AWS does not know is refused, and so are repeated keys, empty lists, and
// statements that do not say whom, what and which resource they are about.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nes::policy {

enum class Effect : std::uint8_t { kAllow, kDeny };

enum class PrincipalType : std::uint8_t { kEveryone, kAws, kService, kFederated, kCanonicalUser };

struct Principal {
  PrincipalType type;
  // kEveryone ("*") and {"AWS": "*"}: `*`. kAws: an account (12 digits, or its ARN that ends in :root), the
  // ARN of a user, role or session, or the unique id that AWS leaves in the place of one that was deleted. No
  // wildcards.
  std::string value;

  friend bool operator==(const Principal&, const Principal&) = default;
};

// A list, or everything but a list (NotPrincipal, NotAction, NotResource). Never empty.
template <typename T>
struct Selection {
  bool all_but = false;
  std::vector<T> items{};
};

// How a condition compares. What it is called with IfExists or a quantifier is in Condition.
enum class Operator : std::uint8_t {
  kStringEquals,
  kStringNotEquals,
  kStringEqualsIgnoreCase,
  kStringNotEqualsIgnoreCase,
  kStringLike,
  kStringNotLike,
  kArnEquals,
  kArnNotEquals,
  kArnLike,
  kArnNotLike,
  kBool,
  kNull,
  kNotEvaluated,  // Numeric…, Date…, BinaryEquals, IpAddress, NotIpAddress: AWS has them, evaluate() does not
};

enum class Quantifier : std::uint8_t { kNone, kForAnyValue, kForAllValues };

struct Condition {
  Operator test;
  Quantifier quantifier = Quantifier::kNone;
  bool if_exists = false;
  std::string operator_name;        // as written: ForAnyValue:StringLikeIfExists
  std::string key;                  // as written; compared without regard to case
  std::vector<std::string> values;  // at least one; true, false and numbers as their text
};

struct Statement {
  std::string sid{};  // empty: none
  Effect effect = Effect::kDeny;
  Selection<Principal> principals{};
  Selection<std::string> actions{};
  Selection<std::string> resources{};
  std::vector<Condition> conditions{};  // all of them must hold
  std::uint32_t line = 0;               // 1-based, where it begins
};

struct Policy {
  std::string version{};  // 2012-10-17, or 2008-10-17, which is also what it is if not given
  std::string id{};
  std::vector<Statement> statements{};
};

// Errors with the 1-based line as position: kMalformedJson if `text` is no JSON, kMalformed if it is no
// policy, kLimit over limits::kPolicyBytes or limits::kPolicyDepth.
Result<Policy> parse(std::string_view text);

}  // namespace nes::policy
