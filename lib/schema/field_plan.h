// From an OpenAPI document to an immutable automaton that says which values of a JSON document are sealed,
// and how (CONTRACTS section 3). Compiled once; a request walks it and never reads the schema again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/plan.h"

namespace nes::schema {

enum class Mode : std::uint8_t { kRandomized, kDeterministic };

// What `x-pii` says of a place. Two rules are the same if all members are equal.
struct Rule {
  Mode mode = Mode::kRandomized;
  std::string context;                         // "" when none is given
  std::vector<std::string> previous_contexts;  // in document order

  friend bool operator==(const Rule&, const Rule&) = default;
};

class Automaton;  // schema/automaton.h

// One root's plan, or the union of all: a cheap value that refers to its Schema, which must outlive it.
// Satisfies json::Plan.
class FieldPlan {
 public:
  FieldPlan(const Automaton& automaton, json::PlanState start) noexcept
      : automaton_(&automaton), start_(start) {}

  json::PlanState start() const noexcept { return start_; }
  json::PlanState member(json::PlanState state, std::string_view key) const noexcept;
  json::PlanState element(json::PlanState state, std::size_t index) const noexcept;
  json::RuleIndex rule(json::PlanState state) const noexcept;
  bool names(json::PlanState state, std::string_view key) const noexcept;
  const Rule& rule_at(json::RuleIndex index) const noexcept;

  // The tables behind the plan, for listings (schema/automaton.h). Lives as long as the Schema.
  const Automaton& automaton() const noexcept { return *automaton_; }

 private:
  const Automaton* automaton_;
  json::PlanState start_;
};

enum class SourceFormat : std::uint8_t { kYaml, kJson };

struct CompileOptions {
  Mode default_mode = Mode::kRandomized;  // PII_DEFAULT_MODE: what `x-pii: true` means
};

// One compiled document. Immutable; shared by all threads.
class Schema {
 public:
  // kSchemaRefused with a static reason and, as position, the 1-based line of the document; kLimit likewise
  // for a document or an automaton that is too large. Never throws.
  static Result<std::shared_ptr<const Schema>> compile(std::string_view text, SourceFormat format,
                                                       const CompileOptions& options);
  virtual ~Schema() = default;

  // The plan for `fragment`: the part after `#` of the schema header, a percent-encoded JSON Pointer to a
  // root such as "/components/schemas/Payment"; nothing for the union over all roots. kSchemaUnknown if it is
  // not a root; kSchemaRootRequired if two roots disagree and no fragment is given. Does not allocate unless
  // the fragment has a `%`.
  virtual Result<FieldPlan> plan(std::optional<std::string_view> fragment) const = 0;

  // For `Prefer: handling=strict`: a plan that locates every value under a key that the schema does not
  // declare there (schema/declared.h); its rules stand for nothing. Errors as plan(); kLimit if the schema is
  // too large to say.
  virtual Result<FieldPlan> undeclared(std::optional<std::string_view> fragment) const = 0;

  // Number of places with a rule over all roots, each (root, path) once and cycles cut: what /v1/schemas
  // shows.
  virtual std::size_t planned_paths() const noexcept = 0;
  // JSON Pointers of the roots, in document order.
  virtual std::vector<std::string> roots() const = 0;
  // kSchemaRefused if a request could come out with a value in the clear, or sealed in another mode or
  // context, that `older` seals, whichever root it names; kLimit (schema/coverage.h).
  virtual Result<void> still_seals(const Schema& older) const = 0;
};

}  // namespace nes::schema
