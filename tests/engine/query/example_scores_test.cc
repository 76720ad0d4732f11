// Hand-computed values of each rule.
#include "engine/query/example_scores.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using testing::ElementsAre;
using Floats = std::vector<float>;

TEST(ExampleScoresTest, SimilarityIsLargerForNearer) {
  const Floats a = {1, 2}, b = {3, -1};
  EXPECT_EQ(Similarity(Metric::kInnerProduct, a, b), 1);
  EXPECT_EQ(Similarity(Metric::kCosine, a, b), 1);
  EXPECT_EQ(Similarity(Metric::kL2, a, b), -13);
  EXPECT_FLOAT_EQ(ScoreOfSimilarity(Metric::kL2, -13), 3.6055513F);
  EXPECT_EQ(ScoreOfSimilarity(Metric::kCosine, 0.25F), 0.25F);
}

TEST(ExampleScoresTest, Sigmoids) {
  EXPECT_EQ(FastSigmoid(0), 0);
  EXPECT_EQ(FastSigmoid(1), 0.5F);
  EXPECT_EQ(FastSigmoid(-3), -0.75F);
  EXPECT_EQ(ScaledSigmoid(0), 0.5F);
  EXPECT_EQ(ScaledSigmoid(1), 0.75F);
  EXPECT_EQ(ScaledSigmoid(-3), 0.125F);
  EXPECT_EQ(ScaledSigmoid(std::numeric_limits<float>::infinity()), 1);
}

TEST(ExampleScoresTest, BestScoreTakesTheNearestExample) {
  EXPECT_EQ(BestScore(Floats{0, 1}, Floats{-1}), 0.75F);
  EXPECT_EQ(BestScore(Floats{0, 1}, Floats{-1, 3}), -0.875F);
  EXPECT_EQ(BestScore(Floats{1}, Floats{1}), -0.75F);  // a tie goes to the negative
  EXPECT_EQ(BestScore(Floats{}, Floats{1, 3}), -0.875F);
  EXPECT_EQ(BestScore(Floats{-3}, Floats{}), 0.125F);
}

TEST(ExampleScoresTest, SumScoresTakesAll) {
  EXPECT_EQ(SumScores(Floats{1, 2, 0.5F}, Floats{4, -1}), 0.5F);
  EXPECT_EQ(SumScores(Floats{}, Floats{4}), -4);
}

TEST(ExampleScoresTest, ContextCountsWhatIsOnTheWrongSide) {
  using Pairs = std::vector<PairSimilarities>;
  EXPECT_EQ(ContextScore(Pairs{{2, 1}, {0, -5}}), 0);
  EXPECT_NEAR(ContextScore(Pairs{{1, 2}}), -0.5, 1e-6);
  EXPECT_NEAR(ContextScore(Pairs{{1, 2}, {9, 0}, {0, 3}}), -0.5 - 0.75, 1e-6);
  const float at_edge = ContextScore(Pairs{{1, 1}});  // the epsilon
  EXPECT_LT(at_edge, 0);
  EXPECT_GT(at_edge, -1e-6F);
}

TEST(ExampleScoresTest, DiscoverRanksByPairsThenByTarget) {
  using Pairs = std::vector<PairSimilarities>;
  EXPECT_EQ(DiscoverScore(1, Pairs{}), 0.75F);
  EXPECT_EQ(DiscoverScore(1, Pairs{{2, 1}, {3, 0}}), 2.75F);
  EXPECT_EQ(DiscoverScore(-3, Pairs{{1, 2}, {0, 1}, {5, 5}}), -2 + 0.125F);
  EXPECT_EQ(DiscoverScore(0, Pairs{{1, 2}, {2, 1}}), 0.5F);
}

TEST(ExampleScoresTest, AverageVectorGoesAwayFromTheNegatives) {
  const std::vector<Floats> positive = {{1, 2}, {3, 4}}, negative = {{0, 1}, {0, -3}};
  EXPECT_THAT(AverageVector(positive, {}), ElementsAre(2, 3));
  EXPECT_THAT(AverageVector(positive, negative), ElementsAre(4, 7));
}

}  // namespace
}  // namespace kith
