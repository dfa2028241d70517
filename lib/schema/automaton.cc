#include "schema/automaton.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace nes::schema {
namespace {

// Up to here comparing one by one is faster than hashing.
constexpr std::size_t kFewKeys = 8;

std::uint64_t load8(const char* bytes) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::uint64_t load4(const char* bytes) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The first bytes of a key: with its size injective for keys of up to 8 bytes.
std::uint64_t head_of(std::string_view key) noexcept {
  const std::size_t size = key.size();
  if (size >= 8) return load8(key.data());
  if (size >= 4) return load4(key.data()) | load4(key.data() + size - 4) << 32;
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
std::uint32_t hash_of(std::string_view key, std::uint64_t head) noexcept {
  std::uint64_t hash = mix(key.size(), head);
  if (key.size() > 8) {
    for (std::size_t i = 8; i + 8 < key.size(); i += 8) hash = mix(hash, load8(key.data() + i));
    hash = mix(hash, load8(key.data() + key.size() - 8));
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
  packed.key_count = static_cast<std::uint32_t>(state.keys.size());
  const bool hashed = state.keys.size() > kFewKeys;
  if (hashed) {
    packed.slot_mask = static_cast<std::uint32_t>(std::bit_ceil(2 * state.keys.size()) - 1);
    keys_.resize(keys_.size() + packed.slot_mask + 1);
  }
  for (const KeyTarget& entry : state.keys) {
    const std::string_view text = keys[entry.key];
    const std::uint64_t head = head_of(text);
    const Key key{head, texts_[entry.key], static_cast<std::uint32_t>(text.size()), entry.target, true};
    if (!hashed) {
      keys_.push_back(key);
      continue;
    }
    std::uint32_t slot = hash_of(text, head) & packed.slot_mask;
    while (keys_[packed.first_key + slot].used) slot = (slot + 1) & packed.slot_mask;
    keys_[packed.first_key + slot] = key;
  }
}

bool Automaton::is(const Key& slot, std::uint64_t head, std::string_view key) const noexcept {
  if (slot.head != head || slot.size != key.size()) return false;
  return key.size() <= 8 || std::memcmp(text_.data() + slot.text + 8, key.data() + 8, key.size() - 8) == 0;
}

const Automaton::Key* Automaton::find(const Packed& state, std::string_view key) const noexcept {
  if (state.key_count == 0) return nullptr;
  const Key* const slots = keys_.data() + state.first_key;
  const std::uint64_t head = head_of(key);
  if (state.slot_mask == 0) {
    for (const Key* slot = slots; slot != slots + state.key_count; ++slot) {
      if (is(*slot, head, key)) return slot;
    }
    return nullptr;
  }
  // At least half of the slots are free, so this ends.
  for (std::uint32_t i = hash_of(key, head) & state.slot_mask; slots[i].used; i = (i + 1) & state.slot_mask) {
    if (is(slots[i], head, key)) return &slots[i];
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
  const std::size_t slots = packed.slot_mask == 0 ? packed.key_count : packed.slot_mask + std::size_t{1};
  for (std::size_t i = 0; i < slots; ++i) {
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
