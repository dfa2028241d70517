// The automaton against an interpreter that walks the schemas themselves, on random documents. The
// interpreter knows nothing of pruning, sharing of states, tables or RE2; what they have in common is
// CONTRACTS section 3.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

struct Model {
  std::string pii;  // "" or a context
  std::string ref;  // "" or the name of a component
  std::map<std::string, Model*> properties;
  std::vector<std::pair<std::string, Model*>> patterns;
  std::vector<Model*> all_of, any_of, prefix;
  bool discriminator = false;
  std::vector<std::string> mapping;  // names of components
  Model* conditional = nullptr;      // `then`
  Model* additional = nullptr;
  Model* unevaluated_properties = nullptr;
  Model* items = nullptr;
  Model* contains = nullptr;
  Model* unevaluated_items = nullptr;
  int position = 0;  // in the document
};

const std::vector<std::string> kPatterns = {"^a", "b", "c$"};

bool pattern_matches(const std::string& pattern, const std::string& key) {
  if (pattern == "^a") return key.starts_with('a');
  if (pattern == "b") return key.find('b') != std::string::npos;
  return key.ends_with('c');
}

// Every set of patterns is matched by a key that no schema spells out, since the automaton takes all as
// possible.
const std::vector<std::string> kSteps = {"a",   "b",   "ab",  "z",    "yy",  "ax",  "xbx", "xc",
                                         "abx", "axc", "xbc", "abyc", "[0]", "[1]", "[2]"};

class Document {
 public:
  explicit Document(unsigned seed) : random_(seed) {
    for (const char* name : {"A", "B", "C"}) components_[name] = make(0);
    for (auto& [name, model] : components_) text_ += name + ": " + emit(*model) + "\n";
  }

  const std::string& text() const { return text_; }
  const Model* component(const std::string& name) const { return components_.at(name); }
  const std::map<std::string, Model*>& components() const { return components_; }

 private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  bool one_in(unsigned n) { return below(n) == 0; }

  Model* make(int depth) {
    Model* const model = models_.emplace_back(std::make_unique<Model>()).get();
    if (depth > 0 && one_in(4)) model->pii = one_in(6) ? "q" : "p";
    if (depth > 0 && one_in(4)) model->ref = std::string(1, static_cast<char>('A' + below(3)));
    model->discriminator = one_in(12);
    if (model->discriminator && one_in(2)) model->mapping.emplace_back(1, static_cast<char>('A' + below(3)));
    if (depth >= 3) return model;
    const auto maybe = [&](Model*& slot, unsigned odds) {
      if (one_in(odds)) slot = make(depth + 1);
    };
    for (const char* key : {"a", "b", "ab", "z"}) {
      if (one_in(4)) model->properties[key] = make(depth + 1);
    }
    for (const std::string& pattern : kPatterns) {
      if (one_in(7)) model->patterns.emplace_back(pattern, make(depth + 1));
    }
    if (one_in(6)) model->all_of = {make(depth + 1), make(depth + 1)};
    if (one_in(8)) model->any_of = {make(depth + 1)};
    if (one_in(8)) model->prefix = {make(depth + 1), make(depth + 1)};
    maybe(model->conditional, 10);
    maybe(model->additional, 8);
    maybe(model->unevaluated_properties, 10);
    maybe(model->items, 6);
    maybe(model->contains, 10);
    maybe(model->unevaluated_items, 10);
    return model;
  }

  std::string emit(Model& model) {
    model.position = ++positions_;
    std::string out = "{";
    if (!model.pii.empty()) out += "x-pii: {context: " + model.pii + "}, ";
    if (!model.ref.empty()) out += "$ref: '#/components/schemas/" + model.ref + "', ";
    const auto one = [&](const char* keyword, Model* value) {
      if (value != nullptr) out += std::string(keyword) + ": " + emit(*value) + ", ";
    };
    const auto list = [&](const char* keyword, const std::vector<Model*>& values) {
      if (values.empty()) return;
      out += std::string(keyword) + ": [";
      for (Model* value : values) out += emit(*value) + ", ";
      out += "], ";
    };
    if (model.discriminator) {
      out += "discriminator: {propertyName: k, mapping: {";
      for (const std::string& name : model.mapping) out += "k: " + name;
      out += "}}, ";
    }
    out += "properties: {";
    for (auto& [key, value] : model.properties) out += key + ": " + emit(*value) + ", ";
    out += "}, patternProperties: {";
    for (auto& [key, value] : model.patterns) out += "'" + key + "': " + emit(*value) + ", ";
    out += "}, ";
    list("allOf", model.all_of);
    list("anyOf", model.any_of);
    list("prefixItems", model.prefix);
    one("then", model.conditional);
    one("additionalProperties", model.additional);
    one("unevaluatedProperties", model.unevaluated_properties);
    one("items", model.items);
    one("contains", model.contains);
    one("unevaluatedItems", model.unevaluated_items);
    return out + "}";
  }

  std::mt19937 random_;
  std::vector<std::unique_ptr<Model>> models_;
  std::map<std::string, Model*> components_;
  int positions_ = 0;
  std::string text_;
};

using Set = std::set<const Model*>;
using Location = std::vector<Set>;  // tiers

class Interpreter {
 public:
  explicit Interpreter(const Document& document) : document_(document) {}

  Location start(const std::string& name) const { return {closure({document_.component(name)})}; }

  bool is_sealed(const Model& model) const {
    return std::ranges::any_of(certain(model), [](const Model* m) { return !m->pii.empty(); });
  }

  // The start where no root is named: without branches that are sealed; nothing if the whole is.
  Location unnamed(const std::string& name) const {
    const Model* const root = document_.component(name);
    if (is_sealed(*root)) return {};
    return {grow({root}, [this](const Model& m) {
      std::vector<const Model*> out = in_place(m);
      std::erase_if(out, [this](const Model* branch) { return is_sealed(*branch); });
      return out;
    })};
  }

  // "" where nothing is said; nothing where two rules of one tier differ.
  static std::optional<std::string> rule(const Location& location) {
    std::string decided;
    for (const Set& tier : location) {
      std::set<std::string> rules;
      for (const Model* model : tier) {
        if (!model->pii.empty()) rules.insert(model->pii);
      }
      if (rules.size() > 1) return std::nullopt;
      if (decided.empty() && !rules.empty()) decided = *rules.begin();
    }
    return decided;
  }

  Location step(const Location& from, const std::string& step) const {
    Location to;
    for (const Set& tier : from) {
      std::map<int, Set> ranked;  // 0: literal; a pattern's position
      Set otherwise;
      for (const Model* model : tier) {
        if (step.starts_with('[')) {
          elements(*model, static_cast<std::size_t>(step[1] - '0'), otherwise);
        } else {
          members(*model, step, ranked, otherwise);
        }
      }
      ranked.try_emplace(0);
      for (auto& [rank, said] : ranked) {
        said.insert(otherwise.begin(), otherwise.end());
        const Set closed = closure(said);
        if (!closed.empty() && std::find(to.begin(), to.end(), closed) == to.end()) to.push_back(closed);
      }
    }
    return to;
  }

 private:
  void members(const Model& model, const std::string& key, std::map<int, Set>& ranked, Set& otherwise) const {
    bool named = false;
    if (const auto found = model.properties.find(key); found != model.properties.end()) {
      ranked[0].insert(found->second);
      named = true;
    }
    for (const auto& [pattern, value] : model.patterns) {
      if (!pattern_matches(pattern, key)) continue;
      ranked[value->position].insert(value);
      named = true;
    }
    if (!named && model.additional != nullptr) otherwise.insert(model.additional);
    if (model.unevaluated_properties == nullptr) return;
    for (const Model* other : certain(model)) {
      if (other->additional != nullptr || other->properties.contains(key)) return;
      for (const auto& [pattern, value] : other->patterns) {
        if (pattern_matches(pattern, key)) return;
      }
    }
    otherwise.insert(model.unevaluated_properties);
  }

  void elements(const Model& model, std::size_t index, Set& said) const {
    if (index < model.prefix.size()) {
      said.insert(model.prefix[index]);
    } else if (model.items != nullptr) {
      said.insert(model.items);
    }
    if (model.contains != nullptr) said.insert(model.contains);
    if (model.unevaluated_items == nullptr) return;
    for (const Model* other : certain(model)) {
      if (other->items != nullptr || index < other->prefix.size()) return;
    }
    said.insert(model.unevaluated_items);
  }

  Set grow(Set set, const std::function<std::vector<const Model*>(const Model&)>& next) const {
    for (bool grown = true; grown;) {
      grown = false;
      for (const Model* model : Set(set)) {
        for (const Model* other : next(*model)) grown = set.insert(other).second || grown;
      }
    }
    return set;
  }

  std::vector<const Model*> with_certainty(const Model& model) const {
    std::vector<const Model*> out(model.all_of.begin(), model.all_of.end());
    if (!model.ref.empty()) out.push_back(document_.component(model.ref));
    return out;
  }

  Set certain(const Model& model) const {
    return grow({&model}, [this](const Model& m) { return with_certainty(m); });
  }

  // Those of the mapping, and every component that certainly takes in the model.
  std::vector<const Model*> discriminated(const Model& model) const {
    std::vector<const Model*> out;
    if (!model.discriminator) return out;
    for (const std::string& name : model.mapping) out.push_back(document_.component(name));
    for (const auto& [name, component] : document_.components()) {
      if (certain(*component).contains(&model)) out.push_back(component);
    }
    return out;
  }

  std::vector<const Model*> in_place(const Model& m) const {
    std::vector<const Model*> out = with_certainty(m);
    out.insert(out.end(), m.any_of.begin(), m.any_of.end());
    if (m.conditional != nullptr) out.push_back(m.conditional);
    for (const Model* other : discriminated(m)) out.push_back(other);
    return out;
  }

  Set closure(const Set& set) const {
    return grow(set, [this](const Model& m) { return in_place(m); });
  }

  const Document& document_;
};

// All locations that can be reached from `start`, as a graph. Nothing if there are too many to look at.
struct Explored {
  struct Node {
    std::optional<std::string> rule;
    std::vector<std::size_t> to;  // by step; empty below a rule
    bool alive = false;
  };
  std::vector<Node> nodes;
  bool conflict = false;
};

std::optional<Explored> explore(const Interpreter& interpreter, const Location& start) {
  Explored out;
  std::map<Location, std::size_t> ids{{start, 0}};
  std::vector<Location> locations{start};
  for (std::size_t id = 0; id < locations.size(); ++id) {
    if (locations.size() > 1'500) return std::nullopt;
    Explored::Node node{Interpreter::rule(locations[id]), {}, false};
    out.conflict = out.conflict || !node.rule;
    if (node.rule && node.rule->empty()) {
      for (const std::string& step : kSteps) {
        const auto [known, is_new] = ids.try_emplace(interpreter.step(locations[id], step), locations.size());
        if (is_new) locations.push_back(known->first);
        node.to.push_back(known->second);
      }
    }
    node.alive = node.rule && !node.rule->empty();
    out.nodes.push_back(std::move(node));
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (Explored::Node& node : out.nodes) {
      for (const std::size_t to : node.to) {
        if (node.alive || !out.nodes[to].alive) continue;
        node.alive = changed = true;
      }
    }
  }
  return out;
}

// Walks `plan` and the product of `roots` side by side. "" if they agree all the way, "disagree" if two roots
// contradict each other, else the step at which they differ.
std::string compare(const std::vector<const Explored*>& roots, const FieldPlan* plan) {
  using Product = std::vector<std::size_t>;
  std::map<Product, json::PlanState> seen;
  std::vector<Product> pending{Product(roots.size(), 0)};
  seen[pending.back()] = plan == nullptr ? 0 : plan->start();
  while (!pending.empty()) {
    const Product at = pending.back();
    pending.pop_back();
    const json::PlanState state = seen[at];
    std::set<std::string> rules;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      const Explored::Node& node = roots[i]->nodes[at[i]];
      if (node.alive) rules.insert(*node.rule);
    }
    if (rules.size() > 1) return "disagree";
    const std::string expected =
        rules.empty() || rules.begin()->empty() ? "open" : "randomized:" + *rules.begin();
    if (plan != nullptr) {
      const json::RuleIndex rule = plan->rule(state);
      const std::string actual = rule == json::kNoRule ? "open" : text_of(plan->rule_at(rule));
      if (actual != expected) return actual + " instead of " + expected;
    }
    if (expected != "open" || rules.empty()) continue;
    for (std::size_t step = 0; step < kSteps.size(); ++step) {
      Product next = at;
      for (std::size_t i = 0; i < roots.size(); ++i) {
        const Explored::Node& node = roots[i]->nodes[at[i]];
        if (node.alive) next[i] = node.to[step];
      }
      const std::string& text = kSteps[step];
      json::PlanState to = 0;
      if (plan != nullptr) {
        to = text.starts_with('[') ? plan->element(state, static_cast<std::size_t>(text[1] - '0'))
                                   : plan->member(state, text);
      }
      if (seen.try_emplace(next, to).second) pending.push_back(next);
      if (seen.size() > 20'000) return "too large";
    }
  }
  return "";
}

TEST(Differential, automaton_and_interpreter_agree) {
  int agreed = 0;
  int conflicts = 0;
  int united = 0;
  int disagreed = 0;
  for (unsigned seed = 0; seed < 1'500; ++seed) {
    const Document document(seed);
    const auto result = compile_components(document.text());
    if (!result.ok() && result.error().reason.view() != "different x-pii for one value") continue;
    const Interpreter interpreter(document);
    std::vector<Explored> roots;
    std::vector<Explored> unnamed;
    bool conflict = false;
    for (const char* name : {"A", "B", "C"}) {
      auto explored = explore(interpreter, interpreter.start(name));
      auto without_name = explore(interpreter, interpreter.unnamed(name));
      if (!explored || !without_name) break;
      conflict = conflict || explored->conflict || without_name->conflict;
      roots.push_back(std::move(*explored));
      unnamed.push_back(std::move(*without_name));
    }
    if (roots.size() != 3) continue;
    ASSERT_EQ(result.ok(), !conflict) << "seed " << seed << "\n" << document.text();
    if (conflict) {
      ++conflicts;
      continue;
    }
    std::vector<const Explored*> in_union;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      const std::string pointer = "/components/schemas/" + std::string(1, static_cast<char>('A' + i));
      const FieldPlan plan = *(*result)->plan(pointer);
      ASSERT_EQ(compare({&roots[i]}, &plan), "") << "seed " << seed << " " << pointer << "\n"
                                                 << document.text();
      in_union.push_back(&unnamed[i]);
    }
    ++agreed;
    const auto plan = (*result)->plan(std::nullopt);
    const std::string compared = compare(in_union, plan.ok() ? &*plan : nullptr);
    if (compared == "too large") continue;
    ASSERT_EQ(compared, plan.ok() ? "" : "disagree") << "seed " << seed << "\n" << document.text();
    ++(plan.ok() ? united : disagreed);
  }
  EXPECT_GT(agreed, 200);
  EXPECT_GT(conflicts, 50);
  EXPECT_GT(united, 50);
  EXPECT_GT(disagreed, 50);
  RecordProperty("agreed", agreed);
  RecordProperty("conflicts", conflicts);
  RecordProperty("united", united);
  RecordProperty("disagreed", disagreed);
}

}  // namespace
}  // namespace nes::schema
