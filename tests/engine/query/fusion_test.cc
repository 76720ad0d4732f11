#include "engine/query/fusion.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using testing::ElementsAre;

RankedPoints List(std::vector<ScoredSlot> points, ScoreOrder order = ScoreOrder::kLargerFirst) {
  RankedPoints list;
  list.points = std::move(points);
  list.order = order;
  return list;
}

std::vector<std::uint32_t> Slots(const RankedPoints& ranked) {
  std::vector<std::uint32_t> slots;
  for (const ScoredSlot& point : ranked.points) slots.push_back(point.slot);
  return slots;
}

float ScoreOf(const RankedPoints& ranked, std::uint32_t slot) {
  for (const ScoredSlot& point : ranked.points) {
    if (point.slot == slot) return point.score;
  }
  return NAN;
}

TEST(FuseByRankTest, SumsReciprocalRanks) {
  const std::vector<RankedPoints> lists = {List({{.9F, 1}, {.8F, 2}, {.7F, 3}}),
                                           List({{50, 3}, {40, 1}, {30, 4}})};
  const RankedPoints fused = FuseByRank(lists, {}).value();
  // k = 2: 1/2, 1/3, 1/4.
  EXPECT_THAT(Slots(fused), ElementsAre(1, 3, 2, 4));
  EXPECT_FLOAT_EQ(ScoreOf(fused, 1), 1 / 2.0F + 1 / 3.0F);
  EXPECT_FLOAT_EQ(ScoreOf(fused, 3), 1 / 4.0F + 1 / 2.0F);
  EXPECT_FLOAT_EQ(ScoreOf(fused, 2), 1 / 3.0F);
  EXPECT_FLOAT_EQ(ScoreOf(fused, 4), 1 / 4.0F);
}

TEST(FuseByRankTest, TakesKAndWeights) {
  const std::vector<RankedPoints> lists = {List({{1, 1}, {1, 2}}), List({{1, 2}, {1, 5}}),
                                           List({{1, 6}})};
  const RankedPoints fused = FuseByRank(lists, {.k = 60, .weights = {2, 0.5F, 0}}).value();
  // 1 / ((position + 1) / weight + k - 1)
  EXPECT_FLOAT_EQ(ScoreOf(fused, 1), 1 / (1 / 2.0F + 59));
  EXPECT_FLOAT_EQ(ScoreOf(fused, 2), 1 / (2 / 2.0F + 59) + 1 / (1 / 0.5F + 59));
  EXPECT_FLOAT_EQ(ScoreOf(fused, 5), 1 / (2 / 0.5F + 59));
  EXPECT_FLOAT_EQ(ScoreOf(fused, 6), 0);  // there, and counts nothing
  EXPECT_THAT(Slots(fused), ElementsAre(2, 1, 5, 6));
}

TEST(FuseByRankTest, RefusesOtherWeightsThanLists) {
  const std::vector<RankedPoints> lists = {List({{1, 1}}), List({{1, 2}})};
  EXPECT_EQ(FuseByRank(lists, {.k = 2, .weights = {1}}).error().message,
            "rrf: 1 weights for 2 prefetches, expected as many");
  EXPECT_EQ(FuseByRank(lists, {.k = 0, .weights = {}}).error().code, ErrorCode::kInvalidArgument);
}

TEST(FuseByDistributionTest, MapsThreeDeviationsAroundTheMean) {
  // Mean 2, deviation (n - 1) 1: (score + 1) / 6.
  const std::vector<RankedPoints> lists = {List({{3, 1}, {2, 2}, {1, 3}}), List({{7, 2}})};
  const RankedPoints fused = FuseByDistribution(lists);
  EXPECT_FLOAT_EQ(ScoreOf(fused, 1), 4 / 6.0F);
  EXPECT_FLOAT_EQ(ScoreOf(fused, 2), 3 / 6.0F + 0.5F);
  EXPECT_FLOAT_EQ(ScoreOf(fused, 3), 2 / 6.0F);
  EXPECT_THAT(Slots(fused), ElementsAre(2, 1, 3));
}

TEST(FuseByDistributionTest, GivesHalfToEqualScores) {
  const RankedPoints fused = FuseByDistribution(std::vector{List({{4, 9}, {4, 8}})});
  EXPECT_EQ(ScoreOf(fused, 8), 0.5F);
  EXPECT_EQ(ScoreOf(fused, 9), 0.5F);
  EXPECT_THAT(Slots(fused), ElementsAre(8, 9));
}

TEST(FuseByDistributionTest, IsNotClamped) {
  std::vector<ScoredSlot> points = {{1000, 0}};
  for (std::uint32_t slot = 1; slot < 30; ++slot) points.push_back({0, slot});
  // Mean 1000/30; one far outlier is (n - 1) / sqrt(n) = 5.29 deviations above it.
  const RankedPoints fused = FuseByDistribution(std::vector{List(points)});
  EXPECT_NEAR(ScoreOf(fused, 0), (29 / std::sqrt(30.0) + 3) / 6, 1e-5);
  EXPECT_GT(ScoreOf(fused, 0), 1);
}

TEST(FuseByDistributionTest, GivesHalfWhereAScoreIsInfinite) {
  const RankedPoints fused = FuseByDistribution(std::vector{List({{INFINITY, 1}, {1, 2}})});
  EXPECT_EQ(ScoreOf(fused, 1), 0.5F);
  EXPECT_EQ(ScoreOf(fused, 2), 0.5F);
}

TEST(FuseByDistributionTest, TurnsDistancesAround) {
  const RankedPoints fused =
      FuseByDistribution(std::vector{List({{1, 1}, {2, 2}, {3, 3}}, ScoreOrder::kSmallerFirst)});
  EXPECT_THAT(Slots(fused), ElementsAre(1, 2, 3));
  EXPECT_FLOAT_EQ(ScoreOf(fused, 1), 4 / 6.0F);
}

}  // namespace
}  // namespace kith
