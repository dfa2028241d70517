#include "schema/schema_graph.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "base/limits.h"
#include "schema/discriminator.h"
#include "schema/pii.h"
#include "schema/reference.h"
#include "schema/vocabulary.h"

namespace nes::schema {
namespace {

// Whether a schema that seals nothing, such as that of `not`, has a part that one would expect to seal.
bool could_hide(const SourceTree& tree, NodeId value) {
  return std::ranges::any_of(tree.children(value), [&tree](const Child& child) {
    const bool pii = child.key == "x-pii" && !tree.is_boolean(child.value, false);
    const bool refers = child.key == "$ref" || child.key == "discriminator";
    return pii || refers || could_hide(tree, child.value);
  });
}

class GraphBuilder {
 public:
  GraphBuilder(const SourceTree& tree, const CompileOptions& options)
      : tree_(tree), options_(options), ids_(tree.size(), kNoSchema) {
    graph_.nodes.emplace_back();
    graph_.reached.resize(tree.size());
  }

  Result<SchemaGraph> build(const std::vector<Root>& roots) {
    std::vector<SchemaId> components;
    for (const Root& root : roots) {
      NES_TRY_ASSIGN(const SchemaId id, schema(root.schema));
      graph_.roots.push_back(id);
      if (root.component) components.push_back(id);
    }
    for (SchemaId id = 1; id < graph_.nodes.size(); ++id) NES_TRY(read(id));
    add_heirs(graph_.nodes, discriminated_, components);
    find_sealed();
    NES_TRY(refuse_endless_references());
    return std::move(graph_);
  }

 private:
  // The schema at `value`, which is read later if it is new.
  Result<SchemaId> schema(NodeId value) {
    if (tree_.kind(value) == NodeKind::kBoolean) return kEmptySchema;
    if (!tree_.is_mapping(value)) return tree_.refused(value, "a schema is neither a mapping nor a boolean");
    if (ids_[value] == kNoSchema) {
      ids_[value] = static_cast<SchemaId>(graph_.nodes.size());
      graph_.nodes.emplace_back().source = value;
      graph_.reached[value] = true;
    }
    return ids_[value];
  }

  Result<void> read(SchemaId id) {
    SchemaNode node;  // graph_.nodes grows meanwhile
    node.source = graph_.nodes[id].source;
    node.line = tree_.line(node.source);
    for (const Child& child : tree_.children(node.source)) NES_TRY(read_keyword(child, node));
    std::ranges::sort(node.properties, {}, &Property::key);
    graph_.nodes[id] = std::move(node);
    return {};
  }

  Result<void> read_keyword(const Child& child, SchemaNode& node) {
    const NodeId value = child.value;
    switch (keyword_of(child.key)) {
      case Keyword::kExtension:
      case Keyword::kNote:
      case Keyword::kData: return {};
      case Keyword::kInert:
        if (!holds_mapping(tree_, value)) return {};
        return tree_.refused(value, "a schema stands where none is expected");
      case Keyword::kNameLists: return expect_name_lists(value);
      case Keyword::kPii: return read_pii(value, node);
      case Keyword::kReference: return read_reference(value, node);
      case Keyword::kNames: return expect_names(value);
      case Keyword::kInPlace: return append_schema(value, node.conditional);
      case Keyword::kInPlaceMap: return read_schema_map(value, node.conditional);
      case Keyword::kInPlaceList:
        return read_list(value, child.key == "allOf" ? node.all_of : node.conditional);
      case Keyword::kDiscriminator: return read_discriminator(value, node);
      case Keyword::kProperties: return read_properties(value, node);
      case Keyword::kPatternProperties: return read_patterns(value, node);
      case Keyword::kAdditionalProperties:
        node.refuses_additional = tree_.is_boolean(value, false);
        return read_schema(value, node.additional_properties);
      case Keyword::kUnevaluatedProperties:
        node.refuses_unevaluated = tree_.is_boolean(value, false);
        return read_schema(value, node.unevaluated_properties);
      case Keyword::kItems:
        if (tree_.is_sequence(value))
          return tree_.refused(value, "items is a list; prefixItems is its name now");
        return read_schema(value, node.items);
      case Keyword::kPrefixItems: return read_prefix_items(value, node);
      case Keyword::kContains: return read_schema(value, node.contains);
      case Keyword::kUnevaluatedItems: return read_schema(value, node.unevaluated_items);
      case Keyword::kDialect:
        if (tree_.is_string(value) && is_known_dialect(tree_.text(value))) return {};
        return tree_.refused(value, "a dialect that is not understood");
      case Keyword::kNegative:
        if (!could_hide(tree_, value)) return {};
        return tree_.refused(value,
                             "an x-pii or a reference stands below not, propertyNames or contentSchema");
      case Keyword::kRefused: return tree_.refused(value, "a keyword that is not supported");
      case Keyword::kUnknown: break;
    }
    // Keywords that begin with `$` are for vocabularies to define (2020-12 Core section 8).
    const bool refers = child.key.starts_with('$') || holds_pointer(tree_, value);
    if (!refers && !holds_mapping(tree_, value)) return {};
    return tree_.refused(value, "an unknown keyword could hold a schema");
  }

  Result<void> read_pii(NodeId value, SchemaNode& node) {
    NES_TRY_ASSIGN(std::optional<Rule> rule, parse_pii(tree_, value, options_.default_mode));
    if (!rule) return {};
    auto key = std::make_tuple(rule->mode, rule->context, rule->previous_contexts);
    const auto next = static_cast<json::RuleIndex>(graph_.rules.size());
    const auto [place, is_new] = rule_ids_.emplace(std::move(key), next);
    if (is_new) graph_.rules.push_back(std::move(*rule));
    node.rule = place->second;
    node.rule_line = tree_.line(value);
    return {};
  }

  Result<void> read_reference(NodeId value, SchemaNode& node) {
    NES_TRY_ASSIGN(const Reference reference, resolve_reference(tree_, value));
    return read_schema(reference.target, node.reference);
  }

  Result<void> read_discriminator(NodeId value, SchemaNode& node) {
    NES_TRY_ASSIGN(const std::vector<NodeId> mapped, mapped_schemas(tree_, value));
    for (const NodeId target : mapped) NES_TRY(append_schema(target, node.conditional));
    discriminated_.push_back(ids_[node.source]);
    return {};
  }

  Result<void> read_schema(NodeId value, SchemaId& into) {
    NES_TRY_ASSIGN(into, schema(value));
    return {};
  }

  Result<void> append_schema(NodeId value, std::vector<SchemaId>& into) {
    NES_TRY_ASSIGN(const SchemaId id, schema(value));
    into.push_back(id);
    return {};
  }

  Result<void> expect_names(NodeId value) {
    if (!tree_.is_mapping(value)) return tree_.refused(value, "a map of schemas is not a mapping");
    return {};
  }

  Result<void> expect_name_lists(NodeId value) {
    if (!tree_.is_mapping(value)) return tree_.refused(value, "dependentRequired is not a mapping");
    for (const Child& child : tree_.children(value)) {
      if (!tree_.is_sequence(child.value) || holds_mapping(tree_, child.value))
        return tree_.refused(child.value, "dependentRequired has something else than lists of names");
    }
    return {};
  }

  Result<void> read_schema_map(NodeId value, std::vector<SchemaId>& into) {
    NES_TRY(expect_names(value));
    for (const Child& child : tree_.children(value)) NES_TRY(append_schema(child.value, into));
    return {};
  }

  Result<void> read_list(NodeId value, std::vector<SchemaId>& into) {
    if (!tree_.is_sequence(value)) return tree_.refused(value, "a list of schemas is not a list");
    for (const Child& child : tree_.children(value)) NES_TRY(append_schema(child.value, into));
    return {};
  }

  Result<void> read_prefix_items(NodeId value, SchemaNode& node) {
    NES_TRY(read_list(value, node.prefix_items));
    if (node.prefix_items.size() <= limits::kPrefixItems) return {};
    return Error{ErrorCode::kLimit, "too many prefixItems", tree_.line(value)};
  }

  Result<void> read_properties(NodeId value, SchemaNode& node) {
    NES_TRY(expect_names(value));
    for (const Child& child : tree_.children(value)) {
      NES_TRY_ASSIGN(const SchemaId id, schema(child.value));
      node.properties.push_back({key_id(child.key), id});
    }
    return {};
  }

  Result<void> read_patterns(NodeId value, SchemaNode& node) {
    NES_TRY(expect_names(value));
    for (const Child& child : tree_.children(value)) {
      NES_TRY_ASSIGN(const PatternId pattern, graph_.patterns.add(child.key, tree_.line(child.value)));
      NES_TRY_ASSIGN(const SchemaId id, schema(child.value));
      node.patterns.push_back({pattern, child.value, id});
    }
    return {};
  }

  KeyId key_id(std::string_view key) {
    const auto [place, is_new] = key_ids_.emplace(key, static_cast<KeyId>(graph_.keys.size()));
    if (is_new) graph_.keys.push_back(key);
    return place->second;
  }

  // Backwards from the schemas with rules.
  void find_sealed() {
    std::vector<std::vector<SchemaId>> takers(graph_.nodes.size());
    std::vector<SchemaId> pending;
    const auto seal = [this, &pending](SchemaId id) {
      if (!std::exchange(graph_.nodes[id].sealed, true)) pending.push_back(id);
    };
    for (SchemaId id = 0; id < graph_.nodes.size(); ++id) {
      for_each_certain(graph_.nodes[id], [&takers, id](SchemaId taken) { takers[taken].push_back(id); });
      if (graph_.nodes[id].rule != json::kNoRule) seal(id);
    }
    while (!pending.empty()) {
      const SchemaId taken = pending.back();
      pending.pop_back();
      for (const SchemaId id : takers[taken]) seal(id);
    }
  }

  // A chain of $ref that comes back to itself never arrives at a schema.
  Result<void> refuse_endless_references() const {
    std::vector<SchemaId> walk_of(graph_.nodes.size(), kNoSchema);  // the walk that passed here first
    for (SchemaId first = 0; first < graph_.nodes.size(); ++first) {
      for (SchemaId at = first; at != kNoSchema; at = graph_.nodes[at].reference) {
        if (walk_of[at] == first) return tree_.refused(graph_.nodes[at].source, "a $ref refers to itself");
        if (walk_of[at] != kNoSchema) break;
        walk_of[at] = first;
      }
    }
    return {};
  }

  const SourceTree& tree_;
  const CompileOptions options_;
  SchemaGraph graph_;
  std::vector<SchemaId> ids_;            // by NodeId
  std::vector<SchemaId> discriminated_;  // those with a discriminator
  std::map<std::string_view, KeyId> key_ids_;
  std::map<std::tuple<Mode, std::string, std::vector<std::string>>, json::RuleIndex> rule_ids_;
};

}  // namespace

SchemaId SchemaNode::property(KeyId key) const noexcept {
  const auto found = std::ranges::lower_bound(properties, key, {}, &Property::key);
  return found != properties.end() && found->key == key ? found->schema : kNoSchema;
}

Result<SchemaGraph> build_graph(const SourceTree& tree, const std::vector<Root>& roots,
                                const CompileOptions& options) {
  return GraphBuilder(tree, options).build(roots);
}

}  // namespace nes::schema
