// What the keywords of JSON Schema say about the values of one place, where that is of interest to
// schema_findings: all schemas that apply to the place taken together.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "schema/schema_graph.h"
#include "schema/source_tree.h"

namespace nes::nitro_enc {

class SchemaFacts {
 public:
  // Takes in one more schema of the place. Views into the tree are kept.
  void add(const schema::SourceTree& tree, schema::NodeId source);

  // The author has looked at it: `x-pii: false`.
  bool is_acknowledged() const noexcept { return acknowledged_; }
  // Whether a value may be a string or a number that is not one of a list.
  bool may_be_free_text() const noexcept;
  // Why the values of the place can be counted off; empty if that cannot be said.
  std::string_view guessable() const noexcept;
  const std::vector<std::string_view>& formats() const noexcept { return formats_; }

 private:
  void add_type(std::string_view type);

  bool acknowledged_ = false;
  bool listed_ = false;      // enum, const
  bool structured_ = false;  // properties, items
  bool typed_ = false;
  bool text_ = false, integer_ = false, number_ = false, boolean_ = false, compound_ = false;
  std::optional<double> minimum_, maximum_;
  std::vector<std::string_view> formats_;
};

}  // namespace nes::nitro_enc
