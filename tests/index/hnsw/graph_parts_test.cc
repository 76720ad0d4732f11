// The parts of a graph walk and of a graph build, one by one.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/distance.h"
#include "core/random.h"
#include "index/codec/row_codec.h"
#include "index/hnsw/candidate_pool.h"
#include "index/hnsw/neighbor_selection.h"
#include "index/hnsw/node_order.h"
#include "index/hnsw/reachability.h"
#include "index/hnsw/visited_set.h"
#include "tests/index/small_data.h"

namespace kith {
namespace {

TEST(CandidatePoolTest, KeepsTheNearestInOrderLikeASortedList) {
  RandomStream random(1, 1);
  for (const std::size_t capacity : {1, 2, 7, 64}) {
    CandidatePool pool;
    pool.Reset(capacity);
    std::vector<std::pair<float, std::uint32_t>> all;
    for (std::uint32_t id = 0; id < 300; ++id) {
      const float distance = static_cast<float>(random.Below(40)) - 20;  // many ties, negatives
      all.push_back({distance, id});
      const auto key = CandidatePool::MakeKey(distance, id);
      if (key < pool.threshold()) pool.Insert(key);
      std::sort(all.begin(), all.end());
      const std::size_t size = std::min(capacity, all.size());
      ASSERT_EQ(pool.size(), size);
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(pool.distance(i), all[i].first);
        ASSERT_EQ(pool.id(i), all[i].second);
      }
    }
  }
}

TEST(CandidatePoolTest, NextIsTheNearestNotExpanded) {
  CandidatePool pool;
  pool.Reset(4);
  for (std::uint32_t id = 0; id < 4; ++id) pool.Insert(CandidatePool::MakeKey(float(id), id));
  EXPECT_EQ(pool.Expand(pool.next()), 0u);
  EXPECT_EQ(pool.Expand(pool.next()), 1u);
  pool.Insert(CandidatePool::MakeKey(0.5f, 9));  // nearer than those expanded: next again
  EXPECT_EQ(pool.Expand(pool.next()), 9u);
  EXPECT_EQ(pool.Expand(pool.next()), 2u);
  EXPECT_EQ(pool.next(), pool.size());
}

TEST(CandidatePoolTest, KeysOrderLikeFloats) {
  std::vector<float> values = {-1e30f, -2.5f, -0.0f, 0.0f, 1e-30f, 3.0f, 1e30f};
  for (std::size_t i = 1; i < values.size(); ++i) {
    EXPECT_LE(OrderedBits(values[i - 1]), OrderedBits(values[i]));
    EXPECT_EQ(FromOrderedBits(OrderedBits(values[i])), values[i]);
  }
}

TEST(VisitedSetTest, ForgetsEverythingHoweverManyWereSeen) {
  for (const std::uint32_t seen : {1, 50, 5000}) {
    VisitedSet visited(10000);
    std::vector<std::uint32_t> nodes(seen);
    for (std::uint32_t i = 0; i < seen; ++i) nodes[i] = i * 2;
    for (const std::uint32_t node : nodes) {
      EXPECT_EQ(visited.Insert(node), 1u);
      EXPECT_EQ(visited.Insert(node), 0u);
    }
    visited.Remember(nodes.data(), nodes.size());
    visited.Clear();
    for (std::uint32_t node = 0; node < 10000; ++node) EXPECT_EQ(visited.Insert(node), 1u);
  }
}

// Algorithm 4 as the paper writes it: candidate by candidate against the links chosen so far.
std::vector<std::uint32_t> SelectByDefinition(const Matrix<float>& rows,
                                              const std::vector<Link>& candidates,
                                              std::size_t limit) {
  std::vector<Link> chosen;
  for (const Link& candidate : candidates) {
    if (chosen.size() == limit) break;
    const bool dominated = std::ranges::any_of(chosen, [&](const Link& link) {
      return SquaredL2(rows.row(link.id).data(), rows.row(candidate.id).data(), rows.cols()) <
             candidate.distance;
    });
    if (!dominated) chosen.push_back(candidate);
  }
  std::vector<std::uint32_t> ids;
  for (const Link& link : chosen) ids.push_back(link.id);
  return ids;
}

class NeighborSelectionTest : public testing::Test {
 protected:
  static constexpr std::size_t kDim = 16;
  NeighborSelectionTest() : codec_(kDim, Metric::kL2), query_(codec_) {}
  // Candidates 1 .. rows - 1 for row 0.
  std::vector<Link> Candidates() {
    std::vector<Link> candidates;
    for (std::uint32_t i = 1; i < rows_.rows(); ++i) {
      candidates.push_back({SquaredL2(rows_.row(0).data(), rows_.row(i).data(), kDim), i});
    }
    std::sort(candidates.begin(), candidates.end());
    return candidates;
  }
  CodeArray Codes() const {
    return {reinterpret_cast<const std::uint8_t*>(rows_.data()), kDim * sizeof(float)};
  }
  Matrix<float> rows_;
  FloatCodec codec_;
  FloatCodec::Query query_;
  SelectionScratch scratch_;
};

TEST_F(NeighborSelectionTest, AgreesWithThePaper) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    rows_ = ClusteredVectors(200, kDim, seed, 5);
    for (const std::size_t limit : {1, 4, 16, 64}) {
      std::vector<Link> links = Candidates();
      const auto expected = SelectByDefinition(rows_, links, limit);
      SelectNeighbors(links, {limit, false}, Codes(), query_, scratch_);
      std::vector<std::uint32_t> ids;
      for (const Link& link : links) ids.push_back(link.id);
      EXPECT_EQ(ids, expected);
    }
  }
}

TEST_F(NeighborSelectionTest, KeepPrunedFillsWithTheNearestOfTheRest) {
  rows_ = ClusteredVectors(200, kDim, 1, 2);
  std::vector<Link> plain = Candidates(), filled = Candidates();
  const std::vector<Link> candidates = plain;
  SelectNeighbors(plain, {32, false}, Codes(), query_, scratch_);
  ASSERT_LT(plain.size(), 32u);
  SelectNeighbors(filled, {32, true}, Codes(), query_, scratch_);
  ASSERT_EQ(filled.size(), 32u);
  std::set<std::uint32_t> ids;
  for (const Link& link : filled) ids.insert(link.id);
  for (const Link& link : plain) EXPECT_TRUE(ids.count(link.id));
  std::size_t fill = 32 - plain.size();
  for (const Link& candidate : candidates) {  // nearest first
    const bool is_plain =
        std::ranges::any_of(plain, [&](const Link& link) { return link.id == candidate.id; });
    if (is_plain) continue;
    EXPECT_EQ(ids.count(candidate.id), fill > 0 ? 1u : 0u);
    if (fill > 0) --fill;
  }
}

TEST_F(NeighborSelectionTest, OfEqualVectorsOneIsLinked) {
  rows_ = ClusteredVectors(40, kDim, 1);
  for (std::size_t r = 1; r < 30; ++r) std::ranges::copy(rows_.row(0), rows_.row(r).begin());
  std::vector<Link> links = Candidates();
  SelectNeighbors(links, {16, false}, Codes(), query_, scratch_);
  EXPECT_EQ(std::ranges::count_if(links, [](const Link& link) { return link.id < 30; }), 1);
  EXPECT_GT(links.size(), 1u);
}

TEST(NodeOrderTest, IsAPermutationByFallingLevelWithThePapersShares) {
  const NodeOrder order = RandomNodeOrder(50000, 16, 42);
  std::vector<std::uint32_t> sorted = order.rows;
  std::sort(sorted.begin(), sorted.end());
  for (std::uint32_t i = 0; i < 50000; ++i) ASSERT_EQ(sorted[i], i);
  ASSERT_GE(order.level_counts.size(), 3u);
  EXPECT_EQ(order.level_counts[0], 50000u);
  EXPECT_NEAR(order.level_counts[1], 50000.0 / 16, 250);  // 4.6 standard deviations
  EXPECT_NEAR(order.level_counts[2], 50000.0 / 256, 65);
}

TEST(NodeOrderTest, DependsOnTheSeedAlone) {
  EXPECT_EQ(RandomNodeOrder(1000, 16, 1).rows, RandomNodeOrder(1000, 16, 1).rows);
  EXPECT_NE(RandomNodeOrder(1000, 16, 1).rows, RandomNodeOrder(1000, 16, 2).rows);
  EXPECT_EQ(RandomNodeOrder(0, 16, 1).level_counts, std::vector<std::uint32_t>{0});
}

TEST(NodeOrderTest, LocalityKeepsLevelsInPlace) {
  const std::uint32_t counts[] = {100, 10, 2};
  HnswGraph graph(counts, 4);
  for (std::uint32_t i = 0; i < 100; ++i) graph.row(0, i)[0] = (i * 37 + 1) % 100;
  const std::vector<std::uint32_t> order = LocalityOrder(graph.view());
  std::set<std::uint32_t> all(order.begin(), order.end());
  EXPECT_EQ(all.size(), 100u);
  EXPECT_EQ((std::set<std::uint32_t>(order.begin(), order.begin() + 2)),
            (std::set<std::uint32_t>{0, 1}));
  EXPECT_LT(*std::max_element(order.begin(), order.begin() + 10), 10u);
  EXPECT_EQ(order[0], 0u);
}

TEST(ReachabilityTest, LinksWhatNothingLeadsTo) {
  const std::uint32_t counts[] = {60};
  HnswGraph graph(counts, 2);
  // 0 -> 1 -> ... -> 39 in a chain; 40..59 lead into it, but nothing leads to them.
  for (std::uint32_t i = 0; i < 39; ++i) graph.row(0, i)[0] = i + 1;
  for (std::uint32_t i = 40; i < 60; ++i) graph.row(0, i)[0] = 5;
  EXPECT_EQ(UnreachableNodes(graph.view()).size(), 20u);
  EXPECT_EQ(ConnectUnreachable(graph, 4), 20u);
  EXPECT_TRUE(UnreachableNodes(graph.view()).empty());
  for (std::uint32_t i = 0; i < 60; ++i) EXPECT_LE(graph.view().levels[0].links_of(i).size(), 4u);
}

TEST(ReachabilityTest, AnEdgelessGraphBecomesOneTree) {
  const std::uint32_t counts[] = {500};
  HnswGraph graph(counts, 2);
  EXPECT_EQ(ConnectUnreachable(graph, 4), 499u);
  EXPECT_TRUE(UnreachableNodes(graph.view()).empty());
}

}  // namespace
}  // namespace kith
