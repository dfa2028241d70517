#include "tools/nitro_enc/staging.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace nes::nitro_enc {
namespace {

constexpr std::int64_t kNow = 1'767'323'045'000;  // 2026-01-02T03:04:05Z
constexpr std::int64_t kHourMs = 3'600'000;
const std::string kLabel = "NES-20260102T030405Z";
const std::string kEarlier = "NES-20260102T030404Z";

Version version(std::string id, std::vector<std::string> labels, std::int64_t age_ms = 2 * kHourMs) {
  return {std::move(id), std::move(labels), kNow - age_ms};
}

const Plan& plan_of(const Planned& planned) {
  EXPECT_TRUE(std::holds_alternative<Plan>(planned)) << std::get<Refusal>(planned).why;
  return std::get<Plan>(planned);
}
bool is_refused(const Planned& planned) { return std::holds_alternative<Refusal>(planned); }

// What Secrets Manager does to labels, AWSPREVIOUS following AWSCURRENT included.
void apply(Versions& versions, const Move& move) {
  const auto take = [&](std::string_view label) {
    for (Version& other : versions) std::erase(other.labels, label);
  };
  const auto give = [&](std::string_view id, std::string_view label) {
    for (Version& other : versions)
      if (other.id == id) other.labels.emplace_back(label);
  };
  take(move.label);
  if (move.to.empty()) return;
  give(move.to, move.label);
  if (move.label != kCurrent) return;
  take(kPrevious);
  give(move.from, kPrevious);
}

TEST(Staging, names_kept_versions_by_the_second) {
  EXPECT_EQ(kept_label(kNow), kLabel);
  EXPECT_EQ(kept_label(kNow + 999), kLabel);
  EXPECT_EQ(kept_label(kNow - 1), kEarlier);
}

TEST(Staging, rotate_labels_the_version_in_use) {
  const Plan plan = plan_of(plan_rotate({version("a", {"AWSCURRENT"})}, kNow));
  EXPECT_EQ(plan.moves, (std::vector<Move>{{kLabel, "", "a"}}));
  EXPECT_EQ(plan.labels, 3U);
}

TEST(Staging, rotate_does_not_label_twice_after_it_was_interrupted) {
  const Plan plan = plan_of(plan_rotate({version("a", {"AWSCURRENT", kEarlier})}, kNow));
  EXPECT_TRUE(plan.moves.empty());
  EXPECT_EQ(plan.labels, 3U);
}

TEST(Staging, rotate_takes_no_label_off_another_version) {
  const Versions versions{version("a", {"AWSCURRENT"}), version("b", {kLabel}), version("c", {kEarlier})};
  EXPECT_EQ(plan_of(plan_rotate(versions, kNow)).moves,
            (std::vector<Move>{{"NES-20260102T030403Z", "", "a"}}));
}

TEST(Staging, rotate_is_refused_while_a_version_waits_to_be_promoted) {
  EXPECT_TRUE(is_refused(plan_rotate({version("a", {"AWSCURRENT"}), version("b", {"AWSPENDING"})}, kNow)));
}

TEST(Staging, rotate_clears_an_awspending_that_has_been_promoted) {
  const Plan plan = plan_of(plan_rotate({version("a", {"AWSCURRENT", "AWSPENDING"})}, kNow));
  EXPECT_EQ(plan.moves, (std::vector<Move>{{kLabel, "", "a"}, {"AWSPENDING", "a", ""}}));
  EXPECT_EQ(plan.labels, 3U);
}

TEST(Staging, rotate_is_refused_without_a_version_in_use) {
  EXPECT_TRUE(is_refused(plan_rotate({}, kNow)));
  EXPECT_TRUE(is_refused(plan_rotate({version("a", {})}, kNow)));
  EXPECT_TRUE(is_refused(plan_rotate({version("a", {"AWSPREVIOUS"})}, kNow)));
}

Versions with_labels(std::size_t count) {
  Versions versions{version("current", {"AWSCURRENT"}), version("previous", {"AWSPREVIOUS"})};
  for (std::size_t i = 2; i < count; ++i)
    versions.push_back(version("v" + std::to_string(i), {"NES-" + std::to_string(i)}));
  return versions;
}

TEST(Staging, rotate_is_refused_if_more_than_20_labels_would_result) {
  EXPECT_EQ(plan_of(plan_rotate(with_labels(17), kNow)).labels, 19U);
  EXPECT_EQ(plan_of(plan_rotate(with_labels(18), kNow)).labels, 20U);
  EXPECT_TRUE(is_refused(plan_rotate(with_labels(19), kNow)));
  EXPECT_TRUE(is_refused(plan_rotate(with_labels(20), kNow)));
}

TEST(Staging, rotate_leaves_room_for_the_awsprevious_that_promote_makes) {
  Versions versions = with_labels(18);
  versions[1].labels = {"NES-1"};
  EXPECT_TRUE(is_refused(plan_rotate(versions, kNow)));
  versions.pop_back();
  EXPECT_EQ(plan_of(plan_rotate(versions, kNow)).labels, 19U);
}

TEST(Staging, promote_moves_awscurrent_and_clears_awspending) {
  const Versions versions{version("a", {"AWSCURRENT", kLabel}), version("b", {"AWSPENDING"})};
  const Plan plan = plan_of(plan_promote(versions, kNow, kHourMs));
  EXPECT_EQ(plan.moves, (std::vector<Move>{{"AWSCURRENT", "a", "b"}, {"AWSPENDING", "b", ""}}));
  EXPECT_EQ(plan.labels, 3U);  // a: NES-, AWSPREVIOUS; b: AWSCURRENT
}

TEST(Staging, promote_waits_for_the_refresh_interval) {
  const auto promote = [](std::int64_t age_ms) {
    return plan_promote({version("a", {"AWSCURRENT", kLabel}), version("b", {"AWSPENDING"}, age_ms)}, kNow,
                        kHourMs);
  };
  EXPECT_TRUE(is_refused(promote(-1)));  // from the future
  EXPECT_TRUE(is_refused(promote(0)));
  EXPECT_TRUE(is_refused(promote(kHourMs - 1)));
  EXPECT_FALSE(is_refused(promote(kHourMs)));
  EXPECT_NE(std::get<Refusal>(promote(kHourMs - 1)).why.find("in 1 s"), std::string::npos);
}

TEST(Staging, promote_is_refused_if_the_age_is_unknown) {
  Versions versions{version("a", {"AWSCURRENT", kLabel}), version("b", {"AWSPENDING"})};
  versions[1].created_unix_ms.reset();
  EXPECT_TRUE(is_refused(plan_promote(versions, kNow, 0)));
}

TEST(Staging, promote_is_refused_without_what_it_promotes) {
  EXPECT_TRUE(is_refused(plan_promote({version("a", {"AWSCURRENT"})}, kNow, kHourMs)));
  EXPECT_TRUE(is_refused(plan_promote({version("a", {"AWSPENDING"})}, kNow, kHourMs)));
}

TEST(Staging, promote_completes_one_that_was_interrupted_without_waiting) {
  const Versions versions{version("a", {"AWSPREVIOUS", kLabel}),
                          version("b", {"AWSCURRENT", "AWSPENDING"}, 0)};
  EXPECT_EQ(plan_of(plan_promote(versions, kNow, kHourMs)).moves,
            (std::vector<Move>{{"AWSPENDING", "b", ""}}));
}

TEST(Staging, promote_labels_whatever_would_lose_its_last_label) {
  const Versions versions{version("old", {"AWSPREVIOUS"}), version("a", {"AWSCURRENT"}),
                          version("b", {"AWSPENDING"})};
  const Plan plan = plan_of(plan_promote(versions, kNow, kHourMs));
  EXPECT_EQ(
      plan.moves,
      (std::vector<Move>{
          {kLabel, "", "a"}, {kEarlier, "", "old"}, {"AWSCURRENT", "a", "b"}, {"AWSPENDING", "b", ""}}));
}

TEST(Staging, promote_never_passes_20_labels_on_the_way) {
  Versions versions = with_labels(19);
  versions[0].labels.push_back("NES-0");
  versions.push_back(version("b", {"AWSPENDING"}));
  EXPECT_TRUE(is_refused(plan_promote(versions, kNow, kHourMs)));  // 21, and `previous` has no NES-
  versions.erase(versions.begin() + 3, versions.begin() + 5);
  EXPECT_EQ(plan_of(plan_promote(versions, kNow, kHourMs)).labels, 19U);
}

TEST(Staging, retire_takes_the_labels_that_keep_a_version) {
  const Versions versions{version("a", {kLabel, "AWSPREVIOUS", "mine"}), version("b", {"AWSCURRENT"})};
  const std::vector<Move> moves{{kLabel, "a", ""}, {"AWSPREVIOUS", "a", ""}};
  EXPECT_EQ(plan_of(plan_retire(versions, "a")).moves, moves);
  EXPECT_EQ(plan_of(plan_retire(versions, kLabel)).moves, moves);
  EXPECT_EQ(plan_of(plan_retire(versions, "a")).labels, 2U);
}

TEST(Staging, retire_is_refused_for_what_seals_or_will_seal) {
  const Versions versions{version("a", {kLabel, "AWSCURRENT"}), version("b", {"AWSPENDING"})};
  EXPECT_TRUE(is_refused(plan_retire(versions, "a")));
  EXPECT_TRUE(is_refused(plan_retire(versions, kLabel)));
  EXPECT_TRUE(is_refused(plan_retire(versions, "b")));
}

TEST(Staging, retire_is_refused_for_what_is_not_there_or_not_kept) {
  const Versions versions{version("a", {}), version("b", {"AWSCURRENT"}), version("c", {"mine"})};
  for (const std::string_view which : {"a", "c", "d", "", "mine", "AWSCURRENT", "NES-20260102T030405Z"})
    EXPECT_TRUE(is_refused(plan_retire(versions, which))) << which;
}

TEST(Staging, tells_the_state_of_a_version_by_its_strongest_label) {
  EXPECT_EQ(state_of(version("a", {"AWSCURRENT", "AWSPENDING", kLabel})), "seals");
  EXPECT_EQ(state_of(version("a", {"AWSPENDING", kLabel})), "pending");
  EXPECT_EQ(state_of(version("a", {"AWSPREVIOUS"})), "opens");
  EXPECT_EQ(state_of(version("a", {kLabel})), "opens");
  EXPECT_EQ(state_of(version("a", {"mine"})), "retired");
  EXPECT_EQ(state_of(version("a", {})), "retired");
}

// All ways in which three versions can hold the labels: whatever is planned, and wherever it is interrupted,
// no version loses its last label, one version seals, and no secret has more labels than AWS allows.
TEST(Staging, loses_no_version_from_any_state_at_any_interruption) {
  const std::vector<std::string> labels{"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "NES-1", "NES-2"};
  std::size_t states = 0;
  for (std::size_t code = 0; code < 4 * 4 * 4 * 4 * 4; ++code) {
    Versions versions{version("a", {}), version("b", {}), version("c", {})};
    for (std::size_t i = 0, rest = code; i < labels.size(); ++i, rest /= 4)
      if (rest % 4 < 3) versions[rest % 4].labels.push_back(labels[i]);
    for (const bool promote : {false, true}) {
      const Planned planned = promote ? plan_promote(versions, kNow, kHourMs) : plan_rotate(versions, kNow);
      if (is_refused(planned)) continue;
      ++states;
      const std::size_t before = count_labels(versions);
      Versions now = versions;
      for (const Move& move : plan_of(planned).moves) {
        apply(now, move);
        ASSERT_NE(find_labelled(now, kCurrent), nullptr) << code;
        ASSERT_LE(count_labels(now), kMostLabels);
        for (std::size_t i = 0; i < now.size(); ++i)
          ASSERT_TRUE(versions[i].labels.empty() || !now[i].labels.empty())
              << code << " " << now[i].id << (promote ? " promote" : " rotate");
      }
      ASSERT_EQ(count_labels(now) + (promote ? 0 : 1), plan_of(planned).labels) << code << " from " << before;
      ASSERT_EQ(promote ? find_labelled(now, kCurrent)->id : "",
                promote ? find_labelled(versions, kPending)->id : "");
      ASSERT_EQ(find_labelled(now, kPending), nullptr);
    }
  }
  EXPECT_GT(states, 100U);
}

}  // namespace
}  // namespace nes::nitro_enc
