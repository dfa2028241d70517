#include "schema/automaton.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace nes::schema {
namespace {

// Tables of up to this many keys grow until no two keys want one slot.
constexpr std::size_t kFewKeys = 64;
constexpr std::uint32_t kSlotsPerFewKeys = 16;

template <typename Word>
std::uint64_t load(const char* bytes) noexcept {
  Word value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The ends of a key: with its size injective for keys of up to 8 bytes.
std::uint64_t ends_of(std::string_view key) noexcept {
  const std::size_t size = key.size();
  if (size >= 4) return load<std::uint32_t>(key.data()) | load<std::uint32_t>(key.data() + size - 4) << 32;
  if (size == 0) return 0;
  const auto byte = [key](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(key[i])}; };
  return byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio
  hash = std::rotl(hash, 23) ^ word;
  // A multiplication carries upwards only, and numbered keys differ in their last bytes: the highest ones.
  hash ^= hash >> 32;
  return hash * kOdd;
}

// Only the schema's keys can collide in its tables, so this need not withstand an adversary's documents.
std::uint32_t hash_of(std::string_view key, std::uint64_t ends) noexcept {
  std::uint64_t hash = mix(key.size(), ends);
  if (key.size() > 8) {  // what is between the ends
    for (std::size_t i = 4; i + 8 < key.size(); i += 8) hash = mix(hash, load<std::uint64_t>(key.data() + i));
    hash = mix(hash, load<std::uint64_t>(key.data() + key.size() - 8));
  }
  return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

Automaton::Automaton(const States& states, const std::vector<std::string_view>& keys, std::vector<Rule> rules,
                     PatternSet patterns)
    : rules_(std::move(rules)), patterns_(std::move(patterns)) {
  for (const std::string_view key : keys) {
    texts_.push_back(static_cast<std::uint32_t>(text_.size()));
    text_ += key;
  }
  states_.reserve(states.size());
  for (const State& state : states) {
    Packed packed{};
    packed.rule = state.rule;
    pack_keys(state, keys, packed);
    packed.first_pattern = static_cast<std::uint32_t>(pattern_ids_.size());
    packed.pattern_count = static_cast<std::uint32_t>(state.patterns.size());
    pattern_ids_.insert(pattern_ids_.end(), state.patterns.begin(), state.patterns.end());
    packed.other_keys = append_targets(state.other_keys);
    packed.prefix = append_targets(state.prefix);
    packed.prefix_count = static_cast<std::uint32_t>(state.prefix.size());
    packed.other_elements = state.other_elements;
    states_.push_back(packed);
  }
}

std::uint32_t Automaton::append_targets(const std::vector<json::PlanState>& targets) {
  const auto first = static_cast<std::uint32_t>(targets_.size());
  targets_.insert(targets_.end(), targets.begin(), targets.end());
  return first;
}

void Automaton::pack_keys(const State& state, const std::vector<std::string_view>& keys, Packed& packed) {
  packed.first_key = static_cast<std::uint32_t>(keys_.size());
  const std::size_t count = state.keys.size();
  const std::size_t most = count <= kFewKeys ? kSlotsPerFewKeys * count : 2 * count;
  std::size_t slots = std::bit_ceil(2 * count + 1);  // so that one is free
  while (!pack_keys(state, keys, slots, packed) && 2 * slots <= most) slots *= 2;
}

bool Automaton::pack_keys(const State& state, const std::vector<std::string_view>& keys, std::size_t slots,
                          Packed& packed) {
  packed.slot_mask = static_cast<std::uint32_t>(slots - 1);
  keys_.resize(packed.first_key);
  keys_.resize(packed.first_key + slots);
  bool each_in_its_own = true;
  for (const KeyTarget& entry : state.keys) {
    const std::string_view text = keys[entry.key];
    const std::uint64_t ends = ends_of(text);
    std::uint32_t slot = hash_of(text, ends) & packed.slot_mask;
    for (; keys_[packed.first_key + slot].used; slot = (slot + 1) & packed.slot_mask) each_in_its_own = false;
    keys_[packed.first_key + slot] = {ends, texts_[entry.key], static_cast<std::uint32_t>(text.size()),
                                      entry.target, true};
  }
  return each_in_its_own;
}

// At least one slot is free, so this ends.
inline const Automaton::Key* Automaton::find(const Packed& state, std::string_view key) const noexcept {
  const Key* const slots = keys_.data() + state.first_key;
  const std::uint64_t ends = ends_of(key);
  for (std::uint32_t i = hash_of(key, ends) & state.slot_mask; slots[i].used; i = (i + 1) & state.slot_mask) {
    const Key& slot = slots[i];
    if (slot.ends != ends || slot.size != key.size()) continue;
    if (key.size() <= 8 || std::memcmp(text_.data() + slot.text, key.data(), key.size()) == 0) return &slot;
  }
  return nullptr;
}

json::PlanState Automaton::member(json::PlanState state, std::string_view key) const noexcept {
  const Packed& packed = states_[state];
  if (const Key* const found = find(packed, key); found != nullptr) return found->target;
  std::uint32_t matched = 0;
  for (std::uint32_t i = 0; i < packed.pattern_count; ++i) {
    if (patterns_.matches(pattern_ids_[packed.first_pattern + i], key)) matched |= std::uint32_t{1} << i;
  }
  return targets_[packed.other_keys + matched];
}

json::PlanState Automaton::element(json::PlanState state, std::size_t index) const noexcept {
  const Packed& packed = states_[state];
  return index < packed.prefix_count ? targets_[packed.prefix + index] : packed.other_elements;
}

bool Automaton::names(json::PlanState state, std::string_view key) const noexcept {
  return find(states_[state], key) != nullptr;
}

Outgoing Automaton::outgoing(json::PlanState state) const {
  const Packed& packed = states_[state];
  Outgoing out;
  for (std::size_t i = 0; i <= packed.slot_mask; ++i) {
    const Key& key = keys_[packed.first_key + i];
    if (key.used) out.keys.push_back(std::string_view(text_).substr(key.text, key.size));
  }
  for (std::uint32_t i = 0; i < packed.pattern_count; ++i)
    out.patterns.push_back(patterns_.text(pattern_ids_[packed.first_pattern + i]));
  out.others = {targets_.data() + packed.other_keys, std::size_t{1} << packed.pattern_count};
  out.prefix = packed.prefix_count;
  return out;
}

std::vector<Transition> Automaton::transitions(json::PlanState state) const {
  const Outgoing outgoing = this->outgoing(state);
  std::vector<Transition> out;
  const auto add = [&out](std::string label, json::PlanState target) {
    if (target != json::kNothingPlanned) out.push_back({std::move(label), target});
  };
  for (const std::string_view key : outgoing.keys) add(std::string(key), member(state, key));
  std::ranges::sort(out, {}, &Transition::label);
  std::vector<json::PlanState> others(outgoing.others.begin(), outgoing.others.end());
  sort_unique(others);
  for (const json::PlanState target : others) add("*", target);
  for (std::size_t i = 0; i < outgoing.prefix; ++i) add("[" + std::to_string(i) + "]", element(state, i));
  add("[]", states_[state].other_elements);
  return out;
}

}  // namespace nes::schema
