#include "bench/clustered_set.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace kith {
namespace {

std::uint32_t HashOfRow(const ClusteredSet& set, std::uint64_t r) {
  std::vector<float> row(set.params().dim);
  set.Fill(r, row);
  std::uint32_t hash = 2166136261;
  for (const float value : row) hash = (hash ^ std::bit_cast<std::uint32_t>(value)) * 16777619;
  return hash;
}

TEST(ClusteredSetTest, DefaultRowsHaveThePublishedBits) {
  const ClusteredSet set{ClusteredParams{}};
  EXPECT_EQ(HashOfRow(set, 0), 3051886363u);
  EXPECT_EQ(HashOfRow(set, 999'999), 1886826740u);
  EXPECT_EQ(HashOfRow(set, 1'000'000), 3177634521u);
}

TEST(ClusteredSetTest, AnotherSeedGivesOtherRows) {
  ClusteredParams params;
  params.clusters = 10;
  const ClusteredSet set(params);
  params.seed = 43;
  EXPECT_NE(HashOfRow(set, 0), HashOfRow(ClusteredSet(params), 0));
}

TEST(ClusteredSetTest, SpreadIsWhatTheParametersSay) {
  ClusteredParams params;
  params.clusters = 50;
  params.noise = 0.5F;
  const ClusteredSet set(params);
  std::vector<float> row(params.dim);
  double sum = 0, squares = 0;
  constexpr int kRows = 4000;
  for (int r = 0; r < kRows; ++r) {
    set.Fill(static_cast<std::uint64_t>(r), row);
    for (const float value : row) {
      sum += value;
      squares += double{value} * value;
    }
  }
  const double count = kRows * 128.0;
  EXPECT_NEAR(sum / count, 0, 0.1);
  // Centre, flat and noise: 1 + 1 + 0.25.
  EXPECT_NEAR(squares / count, 2.25, 0.15);
}

}  // namespace
}  // namespace kith
