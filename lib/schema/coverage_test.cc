#include "schema/coverage.h"

#include <gtest/gtest.h>

#include "schema/test_support.h"

namespace nes::schema {
namespace {

constexpr std::string_view kStops = "it would stop sealing a path that is sealed now";
constexpr std::string_view kChanges = "it would change the mode or context of a path that is sealed now";

// "ok", or why the newer version is refused.
std::string refresh(std::string_view older, std::string_view newer) {
  const auto result = schemas(newer)->still_seals(*schemas(older));
  return result.ok() ? "ok" : std::string(result.error().reason.view());
}

constexpr std::string_view kCard = "A: {properties: {pan: {x-pii: true}, name: {type: string}}}";

TEST(Coverage, accepts_the_same_and_more) {
  EXPECT_EQ(refresh(kCard, kCard), "ok");
  EXPECT_EQ(refresh(kCard, "A: {properties: {pan: {x-pii: true}, name: {x-pii: true}}}"), "ok");
  EXPECT_EQ(refresh(kCard, "A: {properties: {pan: {x-pii: true}}}\nB: {properties: {pin: {x-pii: true}}}"),
            "ok");
  EXPECT_EQ(refresh("A: {properties: {a: {type: string}}}", kCard), "ok");
}

TEST(Coverage, refuses_a_path_that_would_be_in_the_clear) {
  EXPECT_EQ(refresh(kCard, "A: {properties: {pan: {x-pii: false}}}"), kStops);
  EXPECT_EQ(refresh(kCard, "A: {properties: {PAN: {x-pii: true}}}"), kStops);
  EXPECT_EQ(refresh(kCard, "B: {properties: {pan: {x-pii: true}}}"), kStops);
  EXPECT_EQ(refresh("A: {properties: {cards: {items: {properties: {pan: {x-pii: true}}}}}}",
                    "A: {properties: {cards: {prefixItems: [{properties: {pan: {x-pii: true}}}]}}}"),
            kStops);
  EXPECT_EQ(refresh("A: {additionalProperties: {x-pii: true}}",
                    "A: {additionalProperties: {x-pii: true}, properties: {a: {x-pii: false}}}"),
            kStops);
}

TEST(Coverage, refuses_another_mode_or_context) {
  constexpr std::string_view kOld = "A: {properties: {a: {x-pii: {mode: randomized, context: x}}}}";
  EXPECT_EQ(refresh(kOld, "A: {properties: {a: {x-pii: {mode: randomized, context: y}}}}"), kChanges);
  EXPECT_EQ(refresh(kOld, "A: {properties: {a: {x-pii: true}}}"), kChanges);
  EXPECT_EQ(refresh(kOld, "A: {properties: {a: {x-pii: {mode: deterministic, context: x}}}}"), kChanges);
  EXPECT_EQ(
      refresh(kOld, "A: {properties: {a: {x-pii: {mode: randomized, context: y, previous_contexts: [x]}}}}"),
      kChanges);
  EXPECT_EQ(
      refresh(kOld, "A: {properties: {a: {x-pii: {mode: randomized, context: x, previous_contexts: [y]}}}}"),
      "ok");
}

TEST(Coverage, counts_a_value_sealed_around_as_sealed) {
  constexpr std::string_view kInner =
      "A: {properties: {o: {properties: {a: {x-pii: true}, b: {x-pii: true}}}}}";
  EXPECT_EQ(refresh(kInner, "A: {properties: {o: {x-pii: true}}}"), "ok");
  EXPECT_EQ(refresh("A: {properties: {o: {x-pii: true}}}", kInner), kStops);
  EXPECT_EQ(refresh(kInner, "A: {properties: {o: {x-pii: {mode: deterministic, context: x}}}}"), kChanges);
}

TEST(Coverage, compares_keys_by_the_patterns_that_match_them) {
  constexpr std::string_view kPattern = "A: {patternProperties: {'^x-': {x-pii: true}}}";
  EXPECT_EQ(refresh(kPattern, kPattern), "ok");
  EXPECT_EQ(refresh(kPattern, "A: {additionalProperties: {x-pii: true}}"), "ok");
  EXPECT_EQ(refresh("A: {additionalProperties: {x-pii: true}}", kPattern), kStops);
  EXPECT_EQ(refresh(kPattern, "A: {patternProperties: {'^x-a': {x-pii: true}}}"), kStops);
  EXPECT_EQ(refresh("A: {properties: {x-a: {x-pii: true}}}", kPattern), "ok");
  EXPECT_EQ(refresh("A: {properties: {y: {x-pii: true}}}", kPattern), kStops);
  EXPECT_EQ(refresh("A: {patternProperties: {'^x-': {x-pii: true}, '^y-': {x-pii: true}}}", kPattern),
            kStops);
}

TEST(Coverage, follows_cycles) {
  constexpr std::string_view kTree =
      "A: {properties: {pan: {x-pii: true}, next: {$ref: '#/components/schemas/A'}}}";
  EXPECT_EQ(refresh(kTree, kTree), "ok");
  EXPECT_EQ(refresh(kTree, kCard), kStops);
  EXPECT_EQ(refresh(kCard, kTree), "ok");
}

TEST(Coverage, compares_the_roots_and_their_union) {
  constexpr std::string_view kTwo =
      "A: {properties: {a: {x-pii: true}}}\nB: {properties: {b: {x-pii: true}}}";
  EXPECT_EQ(refresh(kTwo, "A: {properties: {a: {x-pii: true}}}"), kStops);
  // Roots that disagree refuse every request that names none: nothing passes in the clear.
  EXPECT_EQ(refresh(kTwo,
                    "A: {properties: {a: {x-pii: true}}}\n"
                    "B: {properties: {b: {x-pii: true}, a: {x-pii: {mode: deterministic, context: x}}}}"),
            "ok");
  // A root that becomes sealed as a whole leaves the union.
  EXPECT_EQ(refresh(kTwo, "A: {properties: {a: {x-pii: true}}}\nB: {x-pii: true}"), kStops);
}

TEST(Coverage, refuses_what_is_too_much_to_compare) {
  std::string older = "A: {patternProperties: {", newer = older;
  for (int i = 0; i < 8; ++i) {
    older +=
        "'^a" + std::to_string(i) + "': {x-pii: {mode: randomized, context: c" + std::to_string(i) + "}}, ";
    newer +=
        "'^b" + std::to_string(i) + "': {x-pii: {mode: randomized, context: c" + std::to_string(i) + "}}, ";
  }
  EXPECT_EQ(refresh(older + "}}", newer + "}}"),
            "the schema has too many patterns to be compared with its last version");
}

}  // namespace
}  // namespace nes::schema
