#include "embeddings/text/feature_counter.h"

#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"

namespace kith {
namespace {

using Sharded = FeatureCounter::ShardedFeatures;

Sharded Shard(const std::vector<std::uint64_t>& features) {
  Sharded sharded;
  for (const std::uint64_t feature : features) {
    sharded[FeatureCounter::ShardOf(feature)].push_back(feature);
  }
  return sharded;
}

// Features like those of texts: few frequent ones, many rare ones.
std::vector<std::uint64_t> SkewedFeatures(std::size_t count) {
  RandomStream random(7, 1);
  std::vector<std::uint64_t> features;
  for (std::size_t i = 0; i < count; ++i) {
    const double u = random.Uniform();
    features.push_back(RandomHash(3, 0, static_cast<std::uint64_t>(20.0 / (u * u + 1e-4))));
  }
  return features;
}

TEST(FeatureCounterTest, CountsAreExactBelowTheLimit) {
  const std::vector<std::uint64_t> features = SkewedFeatures(200'000);
  std::map<std::uint64_t, std::uint32_t> expected;
  for (const std::uint64_t feature : features) ++expected[feature];

  ThreadPool pool(2);
  FeatureCounter counter(1 << 20);
  const std::vector<Sharded> ranges = {Shard(features)};
  counter.Add(ranges, pool);
  EXPECT_EQ(counter.features(), expected.size());
  EXPECT_EQ(counter.drops(), 0u);

  const std::vector<FeatureCount> counts = counter.Sorted(1);
  ASSERT_EQ(counts.size(), expected.size());
  std::size_t i = 0;
  for (const auto& [feature, documents] : expected) {  // a map is sorted
    EXPECT_EQ(counts[i++], (FeatureCount{feature, documents}));
  }
}

TEST(FeatureCounterTest, SortedLeavesOutRareFeatures) {
  ThreadPool pool(1);
  FeatureCounter counter(1024);
  const std::vector<Sharded> ranges = {Shard({8, 4, 8}), Shard({8, 12, 4})};
  counter.Add(ranges, pool);
  EXPECT_THAT(counter.Sorted(2), testing::ElementsAre(FeatureCount{4, 2}, FeatureCount{8, 3}));
  EXPECT_THAT(counter.Sorted(3), testing::ElementsAre(FeatureCount{8, 3}));
  EXPECT_THAT(counter.Sorted(4), testing::IsEmpty());
}

TEST(FeatureCounterTest, MemoryStaysBoundedAndFrequentFeaturesSurvive) {
  constexpr std::size_t kMax = 64 * 64;
  ThreadPool pool(1);
  FeatureCounter counter(kMax);
  for (std::uint64_t round = 0; round < 200; ++round) {
    std::vector<std::uint64_t> features;
    for (std::uint64_t i = 0; i < 100; ++i) features.push_back(RandomHash(1, 0, i));
    for (std::uint64_t i = 0; i < 1000; ++i) features.push_back(RandomHash(1, 1 + round, i));
    const std::vector<Sharded> ranges = {Shard(features)};
    counter.Add(ranges, pool);
    ASSERT_LE(counter.features(), kMax);
  }
  EXPECT_GT(counter.drops(), 100'000u);
  std::map<std::uint64_t, std::uint32_t> counts;
  for (const FeatureCount& count : counter.Sorted(1)) counts[count.feature] = count.documents;
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(counts[RandomHash(1, 0, i)], 200u) << i;
}

TEST(FeatureCounterTest, FullShardOfFrequentFeaturesStillMakesRoom) {
  // All in one shard and all counted often: the limit must win.
  ThreadPool pool(1);
  FeatureCounter counter(64 * 64);
  std::vector<std::uint64_t> features;
  for (std::uint64_t i = 0; i < 63; ++i) features.push_back(i << 2);
  const std::vector<Sharded> often(50, Shard(features));
  counter.Add(often, pool);
  EXPECT_EQ(counter.features(), 63u);
  std::vector<std::uint64_t> more;
  for (std::uint64_t i = 63; i < 200; ++i) more.push_back(i << 2);
  const std::vector<Sharded> rare = {Shard(more)};
  counter.Add(rare, pool);
  EXPECT_LE(counter.features(), 64u);
}

TEST(FeatureCounterTest, ThreadsAndBlocksDoNotChangeCounts) {
  const std::vector<std::uint64_t> features = SkewedFeatures(100'000);
  const auto count = [&](std::size_t threads, std::size_t range, std::size_t ranges_a_call) {
    ThreadPool pool(threads);
    FeatureCounter counter(64 * 32);  // so small that much is dropped
    std::vector<Sharded> ranges;
    for (std::size_t begin = 0; begin < features.size(); begin += range) {
      const std::size_t end = std::min(begin + range, features.size());
      ranges.push_back(Shard({features.begin() + static_cast<std::ptrdiff_t>(begin),
                              features.begin() + static_cast<std::ptrdiff_t>(end)}));
      if (ranges.size() == ranges_a_call || end == features.size()) {
        counter.Add(ranges, pool);
        ranges.clear();
      }
    }
    EXPECT_GT(counter.drops(), 0u);
    return counter.Sorted(1);
  };
  const std::vector<FeatureCount> expected = count(1, 100'000, 1);
  EXPECT_EQ(count(1, 77, 3), expected);
  EXPECT_EQ(count(4, 1000, 10), expected);
}

}  // namespace
}  // namespace kith
