// A place of a document, as one root sees it: which schemas speak about the value there.
//
// They stand in tiers, because the literal key of a schema wins over its patterns and an earlier pattern over
// a later one. Schemas of one tier are equals: two rules among them are a conflict. A tier without a rule
// leaves the decision to the next one, so that nothing is hidden by a schema that says nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "schema/schema_graph.h"

namespace nes::schema {

using Tier = std::vector<SchemaId>;  // sorted, no two the same, never empty
using Place = std::vector<Tier>;     // empty: nothing is planned here or below

// The work that compiling one document may take, over all its steps.
class Steps {
 public:
  void spend(std::size_t steps) noexcept { spent_ += steps; }
  Result<void> check() const noexcept {
    if (spent_ <= limits::kPlanSteps) return {};
    return Error{ErrorCode::kLimit, "the schemas refer to each other too much", 1};
  }

 private:
  std::size_t spent_ = 0;
};

// What a schema says of the member or element that is stepped to.
struct Statement {
  std::uint32_t tier;  // of the schema
  std::uint32_t rank;  // kLiteral, a pattern's position, or kOtherwise
  SchemaId schema;

  static constexpr std::uint32_t kLiteral = 0;
  // additionalProperties and unevaluated*. No order is laid down between these and the literal keys and
  // patterns of another schema for the same value, so they are the equals of all of them: they stand in the
  // tier of the literal keys and again in that of each pattern.
  static constexpr std::uint32_t kOtherwise = 0xFFFFFFFF;
};

class Places {
 public:
  // Both must outlive the instance.
  Places(const SchemaGraph& graph, Steps& steps);

  // Whether a rule can be reached from `id`, at the same place or below. False for kNoSchema.
  bool alive(SchemaId id) const noexcept { return id != kNoSchema && alive_[id]; }

  // The place of a root's value.
  Place of_root(SchemaId id);
  // The same where no root is named: without the branches that are sealed as a whole. Empty if the value
  // certainly is.
  Place of_unnamed_root(SchemaId id);
  // The place that the statements about one key or index make; reorders them.
  Place of(std::vector<Statement>& statements);

  // The rule at a place, if any. kSchemaRefused with the x-pii's line if equals differ.
  Result<json::RuleIndex> rule(const Place& place) const;

  // `id` and all that certainly apply with it ($ref and allOf): whose keywords evaluate members and elements
  // for unevaluatedProperties and unevaluatedItems. What only one branch of anyOf, oneOf, if or
  // dependentSchemas evaluates may be unevaluated in a document, so it is sealed.
  const std::vector<SchemaId>& evaluators(SchemaId id);

 private:
  // The schemas that say something at or below the place of a value that `id` applies to: sorted.
  const Tier& closure(SchemaId id);
  // The same, unless `through_sealed` without what is sealed as a whole.
  Tier reach(SchemaId id, bool through_sealed);
  bool speaks(SchemaId id) const;
  void find_alive();

  const SchemaGraph& graph_;
  Steps& steps_;
  std::vector<bool> alive_;
  std::vector<std::optional<Tier>> closures_;
  std::map<SchemaId, std::vector<SchemaId>> evaluators_;
  std::vector<std::uint32_t> mark_;  // the walk that saw a schema last
  std::uint32_t walk_ = 0;
};

}  // namespace nes::schema
