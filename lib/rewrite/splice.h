// rewrite() over any plan: what rewrite.cc does with a schema's plan, and tests with one made by hand.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/room.h"
#include "json/locate.h"
#include "rewrite/rewrite.h"
#include "secret/secret.h"

namespace nes::rewrite {
namespace inside {

// What the new document and the positions take.
class Size {
 public:
  template <typename Bound>
  Size(std::string_view text, const std::vector<json::Located>& located, const Bound& bound)
      : document_(text.size()) {
    const std::size_t positions = located.capacity() * sizeof(json::Located);
    if (positions > limits::kKeptBufferBytes) positions_ = positions;
    for (const json::Located& value : located) {
      if (value.type == json::ValueType::kNull) continue;
      const std::size_t size = value.end - value.begin;
      document_ += bound(size) - size;  // wraps as intended
    }
  }

  std::size_t document() const noexcept { return document_; }
  Result<void> hold(base::Room& room) const { return room.hold(document_ + positions_); }
  // The document turns out to have `bytes` at least.
  Result<void> grow(base::Room& room, std::size_t bytes) {
    if (bytes <= document_) return {};
    document_ = bytes;
    return hold(room);
  }

 private:
  std::size_t document_;
  std::size_t positions_ = 0;
};

}  // namespace inside

// As rewrite(), with apply(literal, type, rule index, out) and bound(size) in place of FieldTransform's.
template <json::Plan P, typename Apply, typename Bound = std::identity>
Result<Outcome> splice(std::string_view text, json::Shape shape, const P& plan, json::PlanState start,
                       Apply apply, Scratch& scratch, secret::SecretBytes& out, base::Room* room = nullptr,
                       Bound bound = {}) {
  scratch.located.clear();
  NES_TRY(json::locate(text, shape, plan, start, scratch.located, room));
  inside::Size size(text, scratch.located, bound);
  if (room != nullptr) NES_TRY(size.hold(*room));

  const std::size_t former_size = out.size();
  out.reserve(former_size + size.document());
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
    if (room == nullptr) continue;
    if (const auto held = size.grow(*room, out.size() - former_size + text.size() - copied); !held.ok()) {
      out.resize(former_size);
      return held.error();
    }
  }
  out.append(as_bytes(text.substr(copied)));
  return outcome;
}

}  // namespace nes::rewrite
