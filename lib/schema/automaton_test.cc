#include "schema/automaton.h"

#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

// One state with these keys, each to a state of its own.
Automaton with_keys(const std::vector<std::string>& keys) {
  States states(1);
  std::vector<std::string_view> texts;
  State state;
  for (const std::string& key : keys) {
    const auto id = static_cast<KeyId>(texts.size());
    texts.push_back(key);
    state.keys.push_back({id, id + 2});
  }
  states.push_back(state);
  for (std::size_t i = 0; i < keys.size(); ++i) states.emplace_back().rule = 0;
  return Automaton(states, texts, {Rule{}}, PatternSet());
}

void expect_finds_exactly(const std::vector<std::string>& keys) {
  const Automaton automaton = with_keys(keys);
  std::unordered_map<std::string, json::PlanState> expected;
  for (std::size_t i = 0; i < keys.size(); ++i) expected[keys[i]] = static_cast<json::PlanState>(i + 2);
  const auto check = [&](const std::string& key) {
    const auto found = expected.find(key);
    // Exactly sized, so that a sanitizer sees a read past the key.
    const std::vector<char> exact(key.begin(), key.end());
    const std::string_view view(exact.data(), exact.size());
    EXPECT_EQ(automaton.member(1, view), found == expected.end() ? 0 : found->second) << key;
    EXPECT_EQ(automaton.names(1, view), found != expected.end()) << key;
  };
  for (const std::string& key : keys) {
    check(key);
    check(key + "x");
    if (!key.empty()) check(key.substr(0, key.size() - 1));
    for (std::size_t i = 0; i < key.size(); ++i) {
      std::string flipped = key;
      flipped[i] = static_cast<char>(flipped[i] ^ 1);
      check(flipped);
    }
  }
}

TEST(Automaton, finds_keys_of_every_length_and_no_others) {
  for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 10U, 64U}) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(std::string(i, 'k'));
    expect_finds_exactly(keys);
  }
}

TEST(Automaton, finds_keys_that_are_alike) {
  std::vector<std::string> keys;
  for (int i = 0; i < 300; ++i) keys.push_back("customer_record_" + std::to_string(i) + "_identification");
  expect_finds_exactly(keys);
  keys.resize(8);
  expect_finds_exactly(keys);
}

TEST(Automaton, finds_keys_with_any_bytes) {
  expect_finds_exactly(
      {std::string("\0", 1), std::string("\0\0", 2), "\x80\xFF", std::string("a\0b", 3), ""});
}

TEST(Automaton, lists_the_transitions_of_a_state) {
  const auto schema = schemas(
      "A: {properties: {b: {x-pii: true}, a: {x-pii: true}, c: {}}, patternProperties: {'^x': {items: "
      "{x-pii: true}}}, "
      "prefixItems: [{x-pii: true}, {}], items: {x-pii: true}}");
  const auto plan = *schema->plan("/components/schemas/A");
  EXPECT_TRUE(plan.names(plan.start(), "a"));
  EXPECT_FALSE(plan.names(plan.start(), "c"));
  EXPECT_FALSE(plan.names(plan.start(), "xc"));

  States states(4);
  states[1].keys = {{0, 2}, {1, 0}};
  states[1].other_keys = {3};
  states[1].prefix = {2, 0};
  states[1].other_elements = 3;
  states[2].rule = 0;
  states[3].rule = 1;
  const Automaton automaton(states, {"k", "l"}, {Rule{}, Rule{Mode::kDeterministic, "c", {}}}, PatternSet());
  std::string labels;
  for (const Transition& transition : automaton.transitions(1)) {
    labels += transition.label + "=" + std::to_string(transition.target) + " ";
  }
  EXPECT_EQ(labels, "k=2 *=3 [0]=2 []=3 ");
  EXPECT_EQ(automaton.member(1, "l"), 0U);
  EXPECT_EQ(automaton.member(1, "m"), 3U);
  EXPECT_EQ(automaton.state_count(), 4U);
}

TEST(Automaton, stays_at_the_state_that_plans_nothing) {
  const Automaton automaton = with_keys({"a"});
  EXPECT_EQ(automaton.member(json::kNothingPlanned, "a"), json::kNothingPlanned);
  EXPECT_EQ(automaton.element(json::kNothingPlanned, 0), json::kNothingPlanned);
  EXPECT_EQ(automaton.rule(json::kNothingPlanned), json::kNoRule);
  EXPECT_FALSE(automaton.names(json::kNothingPlanned, "a"));
  EXPECT_TRUE(automaton.transitions(json::kNothingPlanned).empty());
}

}  // namespace
}  // namespace nes::schema
