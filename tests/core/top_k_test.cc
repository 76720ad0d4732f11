#include "core/top_k.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kith {
namespace {

std::vector<Neighbor> SortedFirst(std::vector<Neighbor> all, std::size_t k) {
  std::sort(all.begin(), all.end());
  all.resize(std::min(k, all.size()));
  return all;
}

// Distances from a few values only, so that most are tied; ids in random order.
std::vector<Neighbor> RandomNeighbors(std::size_t count, std::uint64_t values,
                                      std::uint64_t stream) {
  RandomStream random(9, stream);
  std::vector<Neighbor> neighbors(count);
  for (std::size_t i = 0; i < count; ++i) {
    neighbors[i] = {static_cast<float>(random.Below(values)), static_cast<std::uint32_t>(i)};
  }
  std::shuffle(neighbors.begin(), neighbors.end(), random);
  return neighbors;
}

TEST(TopKTest, KeepsWhatSortingWouldPutFirst) {
  std::uint64_t stream = 0;
  for (const std::size_t count : {0, 1, 2, 9, 10, 11, 100, 1000}) {
    for (const std::size_t k : {1, 2, 10, 100}) {
      for (const std::uint64_t values : {1, 3, 1000000}) {
        const std::vector<Neighbor> all = RandomNeighbors(count, values, stream++);
        TopK top(k);
        for (const Neighbor& neighbor : all) top.Push(neighbor);
        EXPECT_EQ(top.size(), std::min(k, count));
        EXPECT_EQ(top.full(), count >= k);
        EXPECT_EQ(top.Sort(), SortedFirst(all, k))
            << count << " entries, k " << k << ", " << values << " distances";
      }
    }
  }
}

TEST(TopKTest, ResultDoesNotDependOnTheOrderOfTheStream) {
  const std::vector<Neighbor> all = RandomNeighbors(200, 5, 99);
  std::vector<Neighbor> other = all;
  std::reverse(other.begin(), other.end());
  TopK a(20), b(20);
  for (const Neighbor& neighbor : all) a.Push(neighbor);
  for (const Neighbor& neighbor : other) b.Push(neighbor);
  EXPECT_EQ(a.Sort(), b.Sort());
}

TEST(TopKTest, ThresholdIsTheWorstKeptDistanceOnceFull) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  TopK top(2);
  EXPECT_EQ(top.threshold(), kInfinity);
  top.Push({5, 1});
  EXPECT_EQ(top.threshold(), kInfinity);
  top.Push({3, 2});
  EXPECT_EQ(top.threshold(), 5);
  top.Push({4, 3});
  EXPECT_EQ(top.threshold(), 4);
  top.Push({9, 4});
  EXPECT_EQ(top.threshold(), 4);
}

TEST(TopKTest, OfTiesTheLowerIdStays) {
  TopK top(1);
  top.Push({1, 7});
  top.Push({1, 9});
  EXPECT_EQ(top.Sort(), (std::vector<Neighbor>{{1, 7}}));
  top.Push({1, 7});
  top.Push({1, 3});
  EXPECT_EQ(top.Sort(), (std::vector<Neighbor>{{1, 3}}));
}

TEST(TopKTest, SortLeavesItEmptyForTheNextStream) {
  TopK top(3);
  for (std::uint32_t i = 0; i < 5; ++i) top.Push({static_cast<float>(i), i});
  EXPECT_EQ(top.Sort().size(), 3u);
  EXPECT_EQ(top.size(), 0u);
  EXPECT_FALSE(top.full());
  top.Push({8, 8});
  EXPECT_EQ(top.Sort(), (std::vector<Neighbor>{{8, 8}}));
  EXPECT_TRUE(top.Sort().empty());
}

TEST(TopKTest, InfiniteDistancesAreOrdinaryEntries) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  TopK top(2);
  top.Push({kInfinity, 5});
  top.Push({kInfinity, 1});
  top.Push({kInfinity, 3});
  top.Push({-kInfinity, 9});
  EXPECT_EQ(top.Sort(), (std::vector<Neighbor>{{-kInfinity, 9}, {kInfinity, 1}}));
}

}  // namespace
}  // namespace kith
