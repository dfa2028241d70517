#include "rewrite/rewrite.h"

#include "base/limits.h"
#include "rewrite/splice.h"

namespace nes::rewrite {

void Scratch::trim() noexcept {
  if (located.capacity() * sizeof(json::Located) > limits::kKeptBufferBytes)
    std::vector<json::Located>().swap(located);  // assigned from {} it would keep its memory
}

Result<Outcome> rewrite(std::string_view text, json::Shape shape, const schema::FieldPlan& plan,
                        FieldTransform& transform, Scratch& scratch, secret::SecretBytes& out,
                        base::Room* room) {
  const auto apply = [&](std::string_view literal, json::ValueType type, json::RuleIndex rule,
                         secret::SecretBytes& to) {
    return transform.apply(literal, type, plan.rule_at(rule), to);
  };
  const auto bound = [&](std::size_t size) { return transform.size_bound(size); };
  return splice(text, shape, plan, plan.start(), apply, scratch, out, room, bound);
}

}  // namespace nes::rewrite
