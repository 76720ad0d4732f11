// Searches among the positions that a filter accepts, of every index, against brute force.
#include <algorithm>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "index/flat/flat_index.h"
#include "index/hnsw/filtered_walk.h"
#include "index/hnsw/hnsw_index.h"
#include "tests/index/small_data.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

constexpr std::uint32_t kRows = 6000;
constexpr std::size_t kDim = 24;

std::vector<std::uint64_t> Bits(std::size_t count) {
  return std::vector<std::uint64_t>((count + 63) / 64);
}
void Set(std::vector<std::uint64_t>& bits, std::uint32_t i) { bits[i / 64] |= 1ull << (i % 64); }

// Both indexes of one clustered set, built once.
class FilteredSearchTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    base_ = new Matrix<float>(ClusteredVectors(kRows, kDim, 7));
    queries_ = new Matrix<float>(ClusteredVectors(60, kDim, 8));
    const std::string input = *folder_ / "base.fvecs";
    WriteVectors(input, *base_, DataType::kF32);
    auto open = VectorReader::Open(input);
    ThreadPool pool(1);
    ASSERT_TRUE(BuildHnswIndex(*open.value(), {.calibration_queries = 0}, *folder_ / "hnsw", pool,
                               Cancellation::Never(), Progress::None())
                    .ok());
    ASSERT_TRUE(BuildFlatIndex(*open.value(), {}, *folder_ / "flat", Cancellation::Never(),
                               Progress::None())
                    .ok());
    hnsw_ = OpenHnswIndex(*folder_ / "hnsw", LoadMode::kResident).value().release();
    flat_ = OpenFlatIndex(*folder_ / "flat").value().release();
  }
  static void TearDownTestSuite() {
    delete hnsw_;
    delete flat_;
    delete queries_;
    delete base_;
    delete folder_;
  }

  static std::uint32_t IdAt(const VectorIndex& index, std::uint32_t position) {
    return index.ids().empty() ? position : index.ids()[position];
  }

  // The definition.
  static std::vector<Neighbor> Truth(const VectorIndex& index, std::span<const float> query,
                                     const SearchFilter& filter, std::size_t k) {
    std::vector<Neighbor> all;
    const AcceptPosition accept(filter, index.ids().empty() ? nullptr : index.ids().data());
    for (std::uint32_t position = 0; position < kRows; ++position) {
      if (!accept(position)) continue;
      const std::uint32_t id = IdAt(index, position);
      double distance = 0;
      for (std::size_t i = 0; i < kDim; ++i) {
        const double d = double{base_->row(id)[i]} - query[i];
        distance += d * d;
      }
      all.push_back({static_cast<float>(distance), id});
    }
    std::sort(all.begin(), all.end());
    all.resize(std::min(k, all.size()));
    return all;
  }

  // Mean recall@10; checks that all answers pass and that there are as many as can be.
  static double Recall(const VectorIndex& index, const SearchFilter& filter, SearchParams params) {
    params.filter = &filter;
    const auto searcher = index.NewSearcher();
    std::vector<Neighbor> out(params.k);
    double hits = 0, wanted = 0;
    for (std::size_t q = 0; q < queries_->rows(); ++q) {
      const auto truth = Truth(index, queries_->row(q), filter, params.k);
      const Result<std::size_t> found = searcher->Search(queries_->row(q), params, out);
      EXPECT_TRUE(found.ok());
      EXPECT_EQ(found.value(), truth.size());
      std::set<std::uint32_t> ids;
      for (std::size_t i = 0; i < found.value(); ++i) {
        EXPECT_TRUE(ids.insert(out[i].id).second) << "the same id twice";
        EXPECT_TRUE(i == 0 || !(out[i] < out[i - 1]));
        if (filter.allowed != nullptr) {
          EXPECT_TRUE(AcceptPosition({.allowed = filter.allowed}, nullptr)(out[i].id));
        }
      }
      for (const Neighbor& neighbor : truth) hits += ids.count(neighbor.id);
      wanted += static_cast<double>(truth.size());
    }
    return wanted == 0 ? 1 : hits / wanted;
  }

  static TemporaryFolder* folder_;
  static Matrix<float>* base_;
  static Matrix<float>* queries_;
  static VectorIndex* hnsw_;
  static VectorIndex* flat_;
};
TemporaryFolder* FilteredSearchTest::folder_ = nullptr;
Matrix<float>* FilteredSearchTest::base_ = nullptr;
Matrix<float>* FilteredSearchTest::queries_ = nullptr;
VectorIndex* FilteredSearchTest::hnsw_ = nullptr;
VectorIndex* FilteredSearchTest::flat_ = nullptr;

TEST_F(FilteredSearchTest, EverySelectivityFindsNearlyAllMatches) {
  for (const VectorIndex* index : {hnsw_, flat_}) {
    for (const double share : {0.0005, 0.01, 0.1, 0.3, 0.5, 0.9, 1.0}) {
      SCOPED_TRACE(index->info().kind + " " + std::to_string(share));
      std::vector<std::uint64_t> allowed = Bits(kRows);
      std::uint64_t matches = 0;
      for (std::uint32_t id = 0; id < kRows; ++id) {
        if (RandomHash(3, 0, id) % 10000 < share * 10000) {
          Set(allowed, id);
          ++matches;
        }
      }
      const SearchFilter filter{.allowed = allowed.data(), .matches = matches};
      const double recall = Recall(*index, filter, {.k = 10, .ef_search = 64});
      EXPECT_GT(recall, index == flat_ ? 0.9999 : 0.96);
      EXPECT_GT(Recall(*index, filter, {.k = 10, .exact = true}), 0.9999);
    }
  }
}

// The matches lie together, away from most queries: the walk has to cross what is refused.
TEST_F(FilteredSearchTest, MatchesInAnotherCornerAreFound) {
  for (const std::uint32_t count : {5u, 40u, 300u, 900u}) {
    SCOPED_TRACE(count);
    const auto corner = Truth(*flat_, base_->row(17), {.matches = kRows}, count);
    std::vector<std::uint64_t> allowed = Bits(kRows);
    for (const Neighbor& neighbor : corner) Set(allowed, neighbor.id);
    for (const std::uint64_t told : {std::uint64_t{count}, std::uint64_t{kRows / 5}}) {
      const SearchFilter filter{.allowed = allowed.data(), .matches = told};
      EXPECT_GT(Recall(*hnsw_, filter, {.k = 10, .ef_search = 64}), 0.93) << told;
    }
  }
}

TEST_F(FilteredSearchTest, DeletedPositionsNeverAnswer) {
  for (const VectorIndex* index : {hnsw_, flat_}) {
    std::vector<std::uint64_t> deleted = Bits(kRows), allowed = Bits(kRows);
    std::uint64_t live = 0, matches = 0;
    for (std::uint32_t position = 0; position < kRows; ++position) {
      const std::uint32_t id = IdAt(*index, position);
      const bool dead = RandomHash(5, 0, id) % 4 == 0, match = RandomHash(6, 0, id) % 3 == 0;
      if (dead) Set(deleted, position);
      if (match) Set(allowed, id);
      live += !dead;
      matches += !dead && match;
    }
    EXPECT_GT(
        Recall(*index, {.deleted = deleted.data(), .matches = live}, {.k = 10, .ef_search = 48}),
        0.96);
    EXPECT_GT(
        Recall(*index, {.deleted = deleted.data(), .allowed = allowed.data(), .matches = matches},
               {.k = 10, .ef_search = 48}),
        0.96);
  }
}

TEST_F(FilteredSearchTest, AListOfPositionsIsEnough) {
  std::vector<std::uint32_t> positions;
  std::vector<std::uint64_t> allowed = Bits(kRows), deleted = Bits(kRows);
  for (std::uint32_t position = 3; position < kRows; position += 97) {
    Set(allowed, IdAt(*hnsw_, position));
    positions.push_back(position);
  }
  Set(deleted, positions[2]);
  const SearchFilter filter{.deleted = deleted.data(),
                            .allowed = allowed.data(),
                            .matches = positions.size() - 1,
                            .positions = positions};
  EXPECT_GT(Recall(*hnsw_, filter, {.k = 10, .ef_search = 32}), 0.98);
  EXPECT_GT(Recall(*hnsw_, filter, {.k = 100, .ef_search = 128}), 0.98);
}

TEST_F(FilteredSearchTest, AFilterThatNothingPassesGivesNothing) {
  const std::vector<std::uint64_t> none = Bits(kRows);
  for (const VectorIndex* index : {hnsw_, flat_}) {
    EXPECT_EQ(Recall(*index, {.allowed = none.data(), .matches = 0}, {.k = 10}), 1);
    EXPECT_EQ(Recall(*index, {.allowed = none.data(), .matches = 3000}, {.k = 10}), 1);
  }
}

TEST(FilteredCostsTest, FewAreScannedSomeWalkedThroughMostWidened) {
  const auto plan = [](double share) {
    constexpr std::uint64_t kMillion = 1000000;
    return EstimateFilteredCosts(kMillion, static_cast<std::uint64_t>(share * kMillion), 64, 32,
                                 true)
        .cheapest();
  };
  EXPECT_EQ(plan(0.0001), FilteredPlan::kScan);
  EXPECT_EQ(plan(0.1), FilteredPlan::kThrough);
  EXPECT_EQ(plan(0.95), FilteredPlan::kWiden);
}

}  // namespace
}  // namespace kith
