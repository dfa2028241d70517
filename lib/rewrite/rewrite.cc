#include "rewrite/rewrite.h"

#include "rewrite/splice.h"

namespace nes::rewrite {

Result<Outcome> rewrite(std::string_view text, json::Shape shape, const schema::FieldPlan& plan,
                        FieldTransform& transform, Scratch& scratch, secret::SecretBytes& out) {
  const auto apply = [&](std::string_view literal, json::ValueType type, json::RuleIndex rule,
                         secret::SecretBytes& to) {
    return transform.apply(literal, type, plan.rule_at(rule), to);
  };
  return splice(text, shape, plan, plan.start(), apply, scratch, out);
}

}  // namespace nes::rewrite
