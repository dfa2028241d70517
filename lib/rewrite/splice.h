// rewrite() over any plan: what rewrite.cc does with a schema's plan, and tests with one made by hand.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "json/locate.h"
#include "rewrite/rewrite.h"
#include "secret/secret.h"

namespace nes::rewrite {

// As rewrite(), with apply(literal, type, rule index, out) in place of FieldTransform::apply.
template <json::Plan P, typename Apply>
Result<Outcome> splice(std::string_view text, json::Shape shape, const P& plan, json::PlanState start,
                       Apply apply, Scratch& scratch, secret::SecretBytes& out) {
  scratch.located.clear();
  NES_TRY(json::locate(text, shape, plan, start, scratch.located));

  const std::size_t former_size = out.size();
  out.reserve(former_size + text.size());
  Outcome outcome;
  std::size_t copied = 0;  // text[0, copied) is in `out`, or what replaces it is
  for (const json::Located& value : scratch.located) {
    if (value.type == json::ValueType::kNull) continue;
    out.append(as_bytes(text.substr(copied, value.begin - copied)));
    copied = value.begin;
    const std::size_t spliced_size = out.size();
    const std::string_view literal = text.substr(value.begin, value.end - value.begin);
    const Result<bool> replaced = apply(literal, value.type, value.rule, out);
    if (!replaced.ok()) {
      out.resize(former_size);
      return Error{replaced.error().code, replaced.error().reason, value.begin};
    }
    if (!*replaced) {
      NES_CHECK(out.size() == spliced_size);
      ++outcome.kept;
      continue;
    }
    NES_CHECK(out.size() > spliced_size);
    copied = value.end;
    ++outcome.replaced;
  }
  out.append(as_bytes(text.substr(copied)));
  return outcome;
}

}  // namespace nes::rewrite
