#include "embeddings/text/feature_weights.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kith {
namespace {

TEST(FeatureWeightsTest, NaturalLogAgreesWithTheLibrary) {
  RandomStream random(1, 1);
  for (int i = 0; i < 100'000; ++i) {
    const double x = std::ldexp(0.5 + random.Uniform(), static_cast<int>(random.Below(80)) - 20);
    EXPECT_NEAR(NaturalLog(x), std::log(x), 4e-16 * std::max(1.0, std::fabs(std::log(x)))) << x;
  }
  EXPECT_EQ(NaturalLog(1), 0);
  EXPECT_GT(NaturalLog(std::nextafter(1.0, 2.0)), 0);
}

TEST(FeatureWeightsTest, QuarterPowersAgreeWithPow) {
  for (const double x : {0.0, 1e-6, 0.3, 1.0, 2.0, 11.5, 1e6}) {
    for (unsigned quarters = 1; quarters <= 8; ++quarters) {
      const double expected = std::pow(x, quarters / 4.0);
      EXPECT_NEAR(QuarterPower(x, quarters), expected, 1e-15 * expected) << x << " " << quarters;
    }
  }
}

class FeatureWeightsSizeTest : public testing::TestWithParam<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(Sizes, FeatureWeightsSizeTest,
                         testing::Values(0, 1, 2, 11, 12, 13, 23, 24, 25, 1000, 50'000));

TEST_P(FeatureWeightsSizeTest, FindsWhatIsThereAndNothingElse) {
  std::vector<std::uint64_t> features;
  for (std::uint64_t i = 0; i < GetParam(); ++i) features.push_back(RandomHash(5, 0, i));
  std::sort(features.begin(), features.end());
  std::vector<std::uint32_t> counts;
  for (std::size_t i = 0; i < features.size(); ++i) {
    counts.push_back(static_cast<std::uint32_t>(i % 997 + 1));
  }
  const FeatureWeights weights(features, counts, 1000, 4);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto expected = static_cast<float>(std::log(1001 / (counts[i] + 0.5)));
    EXPECT_NEAR(weights.Find(features[i]), expected, 1e-6f * expected) << i;
    EXPECT_EQ(weights.Find(features[i] ^ 1), 0) << i;
  }
  EXPECT_EQ(weights.Find(0), 0);
  EXPECT_EQ(weights.Find(std::numeric_limits<std::uint64_t>::max()), 0);
  EXPECT_NEAR(weights.unknown(), std::log(2002.0), 1e-5);
}

TEST(FeatureWeightsTest, ClusteredIdsAreFound) {
  // Not what a hash gives, but what a file may hold.
  std::vector<std::uint64_t> features;
  for (std::uint64_t i = 0; i < 5000; ++i) features.push_back((std::uint64_t{1} << 60) + 4 * i);
  features.push_back(std::numeric_limits<std::uint64_t>::max() - 1);
  const FeatureWeights weights(features, std::vector<std::uint32_t>(features.size(), 3), 10, 4);
  for (const std::uint64_t feature : features) EXPECT_GT(weights.Find(feature), 0) << feature;
  EXPECT_EQ(weights.Find((std::uint64_t{1} << 60) + 2), 0);
}

TEST(FeatureWeightsTest, RarerFeaturesWeighMore) {
  const FeatureWeights weights({4, 8, 12}, {1, 10, 100}, 100, 5);
  EXPECT_GT(weights.Find(4), weights.Find(8));
  EXPECT_GT(weights.Find(8), weights.Find(12));
  EXPECT_GT(weights.Find(12), 0) << "a feature of every document still counts a little";
  EXPECT_GT(weights.unknown(), weights.Find(4));
}

TEST(FeatureWeightsTest, AnEmptyOneFindsNothing) { EXPECT_EQ(FeatureWeights().Find(4), 0); }

}  // namespace
}  // namespace kith
