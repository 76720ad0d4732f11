#include "index/hnsw/live_index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/distance.h"
#include "tests/index/small_data.h"

namespace kith {
namespace {

std::unique_ptr<LiveIndex> Create(LiveIndexParams params) {
  auto index = LiveIndex::Create(params);
  EXPECT_TRUE(index.ok());
  return std::move(index).value();
}

double DistanceOf(std::span<const float> a, std::span<const float> b, Metric metric) {
  double dot = 0, l2 = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * b[i];
    l2 += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  }
  return metric == Metric::kL2 ? l2 : metric == Metric::kCosine ? 1 - dot : -dot;
}

// The definition, over positions [0, rows) that `accept` takes.
template <class Accept>
std::vector<std::uint32_t> Nearest(const LiveIndex& index, std::span<const float> query,
                                   std::uint32_t rows, std::size_t k, const Accept& accept) {
  std::vector<std::pair<double, std::uint32_t>> all;
  std::vector<float> vector(index.params().dim);
  for (std::uint32_t position = 0; position < rows; ++position) {
    if (!accept(position)) continue;
    index.VectorAt(position, vector);
    all.emplace_back(DistanceOf(vector, query, index.params().metric), index.IdAt(position));
  }
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> ids;
  for (std::size_t i = 0; i < std::min(k, all.size()); ++i) ids.push_back(all[i].second);
  return ids;
}

double Recall(const LiveIndex& index, const Matrix<float>& queries, std::uint32_t rows,
              SearchParams params) {
  const auto searcher = index.NewSearcher();
  std::vector<Neighbor> out(params.k);
  double hits = 0, wanted = 0;
  const SearchFilter all{};
  const AcceptPosition accept(params.filter == nullptr ? all : *params.filter, nullptr);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    const auto truth = Nearest(index, queries.row(q), rows, params.k, accept);
    const auto found = searcher->Search(queries.row(q), params, rows, out);
    EXPECT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found.value(), truth.size());
    std::set<std::uint32_t> ids;
    for (std::size_t i = 0; i < found.value(); ++i) ids.insert(out[i].id);
    EXPECT_EQ(ids.size(), found.value());
    for (const std::uint32_t id : truth) hits += ids.count(id);
    wanted += static_cast<double>(truth.size());
  }
  return wanted == 0 ? 1 : hits / wanted;
}

class LiveIndexKindTest : public testing::TestWithParam<std::tuple<ExactKind, Metric>> {};

TEST_P(LiveIndexKindTest, FindsNearlyAllNeighborsLinkedOrNot) {
  const auto [kind, metric] = GetParam();
  constexpr std::uint32_t kRows = 3000;
  Matrix<float> vectors =
      kind == ExactKind::kU8 ? ByteVectors(kRows, 20, 4) : ClusteredVectors(kRows, 20, 4);
  Matrix<float> queries =
      kind == ExactKind::kU8 ? ByteVectors(30, 20, 5) : ClusteredVectors(30, 20, 5);
  if (metric == Metric::kCosine) {
    for (std::size_t r = 0; r < kRows; ++r) Normalize(vectors.row(r));
    for (std::size_t r = 0; r < 30; ++r) Normalize(queries.row(r));
  }
  const auto index =
      Create({.metric = metric, .dim = 20, .capacity = kRows, .rows = kind, .m = 12});
  for (std::uint32_t r = 0; r < kRows; ++r) {
    EXPECT_EQ(index->Append(vectors.row(r), r + 100), r);
  }
  EXPECT_EQ(Recall(*index, queries, kRows, {.k = 10}), 1) << "nothing linked: a scan";
  EXPECT_EQ(index->LinkNext(2000, Cancellation::Never()), 2000u);
  EXPECT_GT(Recall(*index, queries, kRows, {.k = 10}), 0.97);
  EXPECT_EQ(index->LinkNext(5000, Cancellation::Never()), 1000u);
  EXPECT_EQ(index->LinkNext(5000, Cancellation::Never()), 0u);
  EXPECT_EQ(index->linked(), kRows);
  EXPECT_GT(Recall(*index, queries, kRows, {.k = 10}), 0.97);
  EXPECT_EQ(Recall(*index, queries, kRows, {.k = 10, .exact = true}), 1);
}

INSTANTIATE_TEST_SUITE_P(KindsAndMetrics, LiveIndexKindTest,
                         testing::Values(std::tuple(ExactKind::kF32, Metric::kL2),
                                         std::tuple(ExactKind::kF32, Metric::kInnerProduct),
                                         std::tuple(ExactKind::kF32, Metric::kCosine),
                                         std::tuple(ExactKind::kF16, Metric::kL2),
                                         std::tuple(ExactKind::kU8, Metric::kL2)));

TEST(LiveIndexTest, ASearchSeesTheRowsItAskedForAndNoMore) {
  const Matrix<float> vectors = ClusteredVectors(1500, 8, 1);
  const Matrix<float> queries = ClusteredVectors(20, 8, 2);
  const auto index = Create({.dim = 8, .capacity = 2000});
  for (std::uint32_t r = 0; r < 1500; ++r) index->Append(vectors.row(r), r);
  index->LinkNext(1200, Cancellation::Never());
  for (const std::uint32_t rows : {0u, 1u, 100u, 800u, 1200u, 1300u, 1500u}) {
    EXPECT_GT(Recall(*index, queries, rows, {.k = 5, .ef_search = 100}), 0.9) << rows;
  }
}

TEST(LiveIndexTest, FiltersHoldInGraphAndTail) {
  const Matrix<float> vectors = ClusteredVectors(4000, 16, 1);
  const Matrix<float> queries = ClusteredVectors(20, 16, 2);
  const auto index = Create({.dim = 16, .capacity = 4000});
  std::vector<std::uint64_t> deleted(63), allowed(63);
  for (std::uint32_t r = 0; r < 4000; ++r) {
    index->Append(vectors.row(r), r);
    if (r % 5 == 0) deleted[r / 64] |= 1ull << (r % 64);
    if (r % 3 == 0) allowed[r / 64] |= 1ull << (r % 64);
  }
  index->LinkNext(3000, Cancellation::Never());
  const SearchFilter only_deleted{.deleted = deleted.data(), .matches = 3200};
  EXPECT_GT(Recall(*index, queries, 4000, {.k = 10, .filter = &only_deleted}), 0.96);
  const SearchFilter both{.deleted = deleted.data(), .allowed = allowed.data(), .matches = 1066};
  EXPECT_GT(Recall(*index, queries, 4000, {.k = 10, .filter = &both}), 0.96);
}

TEST(LiveIndexTest, TheGraphDependsOnTheOrderOfArrivalAlone) {
  const Matrix<float> vectors = ClusteredVectors(1000, 16, 1);
  const auto at_once = Create({.dim = 16, .capacity = 1000});
  const auto in_steps = Create({.dim = 16, .capacity = 1000});
  for (std::uint32_t r = 0; r < 1000; ++r) at_once->Append(vectors.row(r), r);
  at_once->LinkNext(1000, Cancellation::Never());
  for (std::uint32_t r = 0; r < 1000; ++r) {
    in_steps->Append(vectors.row(r), r);
    if (r % 7 == 0) in_steps->LinkNext(3, Cancellation::Never());
  }
  in_steps->LinkNext(1000, Cancellation::Never());
  const auto a = at_once->NewSearcher(), b = in_steps->NewSearcher();
  std::vector<Neighbor> found_a(10), found_b(10);
  for (std::uint32_t q = 0; q < 100; ++q) {
    ASSERT_EQ(a->Search(vectors.row(q), {.k = 10, .ef_search = 10}, 1000, found_a).value(), 10u);
    ASSERT_EQ(b->Search(vectors.row(q), {.k = 10, .ef_search = 10}, 1000, found_b).value(), 10u);
    EXPECT_EQ(a->stats().distances, b->stats().distances);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(found_a[i].id, found_b[i].id);
  }
}

TEST(LiveIndexTest, CopiesAreCountedFully) {
  const auto index = Create({.dim = 4, .capacity = 2000});
  const std::vector<float> vector = {1, 2, 3, 4};
  for (std::uint32_t r = 0; r < 2000; ++r) index->Append(vector, r);
  index->LinkNext(2000, Cancellation::Never());
  const auto searcher = index->NewSearcher();
  std::vector<Neighbor> out(50);
  ASSERT_EQ(searcher->Search(vector, {.k = 50}, 2000, out).value(), 50u);
  std::set<std::uint32_t> ids;
  for (const Neighbor& neighbor : out) ids.insert(neighbor.id);
  EXPECT_EQ(ids.size(), 50u);
}

TEST(LiveIndexTest, BadParametersAndQueriesAreRefused) {
  for (const LiveIndexParams& params :
       {LiveIndexParams{.dim = 0, .capacity = 10}, LiveIndexParams{.dim = 4, .capacity = 0},
        LiveIndexParams{.dim = 4, .capacity = 9, .m = 1},
        LiveIndexParams{.dim = 4, .capacity = 9, .ef_construction = 0},
        LiveIndexParams{.dim = 4, .capacity = 9, .rows = ExactKind::kNone}}) {
    const auto index = LiveIndex::Create(params);
    ASSERT_FALSE(index.ok());
    EXPECT_EQ(index.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(index.error().message, testing::HasSubstr("expected"));
  }
  const auto index = Create({.dim = 4, .capacity = 9});
  std::vector<Neighbor> out(10);
  const auto searcher = index->NewSearcher();
  EXPECT_FALSE(searcher->Search(std::vector<float>(3), {}, 0, out).ok());
  EXPECT_FALSE(searcher->Search(std::vector<float>(4, NAN), {}, 0, out).ok());
  EXPECT_EQ(searcher->Search(std::vector<float>(4), {}, 0, out).value(), 0u);
}

// One appends, one links, two search: what is found is always what the rows say.
TEST(LiveIndexTest, ThreadsAppendLinkAndSearchAtOnce) {
  constexpr std::uint32_t kRows = 4000;
  const Matrix<float> vectors = ClusteredVectors(kRows, 16, 1);
  const auto index = Create({.dim = 16, .capacity = kRows, .m = 8, .ef_construction = 40});
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> searches{0};
  std::thread appender([&] {
    for (std::uint32_t r = 0; r < kRows; ++r) {
      index->Append(vectors.row(r), r);
      if (r % 512 == 0) std::this_thread::yield();
    }
  });
  std::thread linker([&] {
    while (index->linked() < kRows) {
      if (index->LinkNext(64, Cancellation::Never()) == 0) std::this_thread::yield();
    }
    done = true;
  });
  std::vector<std::thread> readers;
  for (std::uint32_t t = 0; t < 2; ++t) {
    readers.emplace_back([&, t] {
      const auto searcher = index->NewSearcher();
      std::vector<Neighbor> out(10);
      for (std::uint32_t q = t; !done || q < 200; q += 2) {
        const std::uint32_t rows = index->rows();
        const auto query = vectors.row(q % kRows);
        const std::size_t found = searcher->Search(query, {.k = 10}, rows, out).value();
        ASSERT_EQ(found, std::min<std::size_t>(10, rows));
        for (std::size_t i = 0; i < found; ++i) {
          ASSERT_LT(out[i].id, rows);
          ASSERT_NEAR(out[i].distance, DistanceOf(vectors.row(out[i].id), query, Metric::kL2),
                      1e-3);
        }
        ++searches;
      }
    });
  }
  appender.join();
  linker.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(searches, 100u);
  EXPECT_GT(Recall(*index, ClusteredVectors(20, 16, 9), kRows, {.k = 10}), 0.95);
}

}  // namespace
}  // namespace kith
