#include "engine/jobs/query_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <utility>

namespace kith {
namespace {

using ::testing::HasSubstr;

// Vectors of dim 1 with the values 0, 1, ... rows - 1, searched by the definition.
class NumberLine : public VectorIndex {
 public:
  explicit NumberLine(std::uint64_t rows, Cancellation* cancel_at_search = nullptr)
      : rows_(rows), cancel_at_search_(cancel_at_search) {}

  IndexInfo info() const override {
    IndexInfo info;
    info.kind = "flat";
    info.rows = rows_;
    info.dim = 1;
    return info;
  }
  std::span<const std::uint32_t> ids() const override { return {}; }
  void VectorAt(std::uint32_t, std::span<float>) const override {}
  std::unique_ptr<Searcher> NewSearcher() const override;
  Status Verify(const Cancellation&, Progress&) const override { return {}; }

  mutable std::atomic<std::uint64_t> searches = 0;

 private:
  friend class NumberLineSearcher;
  std::uint64_t rows_;
  Cancellation* cancel_at_search_;
};

class NumberLineSearcher : public Searcher {
 public:
  explicit NumberLineSearcher(const NumberLine& index) : index_(index) {}

  Result<std::size_t> Search(std::span<const float> query, const SearchParams& params,
                             std::span<Neighbor> out) override {
    ++index_.searches;
    if (index_.cancel_at_search_ != nullptr) index_.cancel_at_search_->Request();
    TRY(ValidateSearch(query, 1, params, out));
    TopK nearest(params.k);
    for (std::uint32_t i = 0; i < index_.rows_; ++i) {
      const float difference = query[0] - static_cast<float>(i);
      nearest.Push({difference * difference, i});
    }
    // Pretends to have found only half, so that padding is seen.
    const std::size_t found = (params.k + 1) / 2;
    std::copy_n(nearest.Sort().begin(), found, out.begin());
    stats_ = {.hops = 1, .distances = index_.rows_, .reranked = 2, .ef_search = params.ef_search};
    return found;
  }
  const SearchStats& stats() const override { return stats_; }

 private:
  const NumberLine& index_;
  SearchStats stats_;
};

std::unique_ptr<Searcher> NumberLine::NewSearcher() const {
  return std::make_unique<NumberLineSearcher>(*this);
}

class QueryRunnerTest : public testing::Test {
 protected:
  static constexpr std::size_t kQueries = 100;

  void SetUp() override {
    queries_ = Matrix<float>(kQueries, 1);
    for (std::size_t q = 0; q < kQueries; ++q) {
      queries_.row(q)[0] = static_cast<float>(q % 30) + 0.25f;
    }
  }

  Result<QueryRunReport> Run(const NumberLine& index, const QueryRunParams& params,
                             std::size_t threads = 1) {
    ThreadPool pool(threads);
    return RunQueries(index, std::as_const(queries_).view(), params, pool, Cancellation::Never(),
                      Progress::None());
  }

  Matrix<float> queries_;
};

TEST_F(QueryRunnerTest, AnswersEveryQueryOnAnyNumberOfThreadsAndPadsShortRows) {
  const NumberLine index(30);
  for (const std::size_t threads : {1, 4}) {
    const auto run = Run(index, {.search = {.k = 4}}, threads);
    ASSERT_TRUE(run.ok()) << run.error().message;
    for (std::size_t q = 0; q < kQueries; ++q) {
      const std::span<const Neighbor> row = std::as_const(run.value().answers).row(q);
      EXPECT_EQ(row[0].id, q % 30);
      EXPECT_EQ(row[0].distance, 0.0625f);
      EXPECT_NE(row[1].id, kNoNeighbor);
      EXPECT_EQ(row[2].id, kNoNeighbor);
      EXPECT_EQ(row[3].distance, std::numeric_limits<float>::infinity());
    }
  }
}

TEST_F(QueryRunnerTest, OnePassCountsEachQueryOnce) {
  const NumberLine index(30);
  const auto run = Run(index, {.search = {.k = 1, .ef_search = 12}}, 3);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(index.searches, kQueries);
  EXPECT_EQ(run.value().queries_timed, kQueries);
  EXPECT_EQ(run.value().latency.count(), kQueries);
  EXPECT_EQ(run.value().hops_mean, 1);
  EXPECT_NEAR(run.value().distances_mean, 30, 1e-9);
  EXPECT_NEAR(run.value().reranked_mean, 2, 1e-9);
  EXPECT_EQ(run.value().ef_search, 12u);
  EXPECT_GT(run.value().qps(), 0);
}

TEST_F(QueryRunnerTest, RepeatsWholePassesAndLeavesTheWarmUpOut) {
  const NumberLine index(30);
  const auto run = Run(index, {.search = {.k = 1}, .seconds_min = 0.02}, 2);
  ASSERT_TRUE(run.ok());
  EXPECT_GE(run.value().seconds, 0.02);
  EXPECT_EQ(run.value().queries_timed % kQueries, 0u);
  EXPECT_EQ(run.value().latency.count(), run.value().queries_timed);
  EXPECT_EQ(index.searches, run.value().queries_timed + kQueries);
  EXPECT_GT(run.value().cpu_us_mean(), 0);
}

TEST_F(QueryRunnerTest, NamesTheQueryThatFails) {
  queries_.row(57)[0] = std::numeric_limits<float>::quiet_NaN();
  const auto run = Run(NumberLine(30), {.search = {.k = 1}}, 2);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(run.error().message, HasSubstr("query 57: "));
}

TEST_F(QueryRunnerTest, RejectsKOutsideTheIndex) {
  for (const std::uint32_t k : {0u, 31u}) {
    const auto run = Run(NumberLine(30), {.search = {.k = k}});
    ASSERT_FALSE(run.ok());
    EXPECT_EQ(run.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(run.error().message, HasSubstr("expected 1 to 30"));
  }
  EXPECT_THAT(CheckK(1, 0).error().message, HasSubstr("empty"));
  EXPECT_TRUE(CheckK(kSearchKMax, 1 << 20).ok());
  EXPECT_FALSE(CheckK(kSearchKMax + 1, 1 << 20).ok());
}

TEST_F(QueryRunnerTest, StopsWhenAsked) {
  Cancellation cancellation;
  const NumberLine index(30, &cancellation);
  ThreadPool pool(1);
  const auto run = RunQueries(index, std::as_const(queries_).view(), {.search = {.k = 1}}, pool,
                              cancellation, Progress::None());
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, ErrorCode::kCancelled);
  EXPECT_LT(index.searches, kQueries);
}

TEST_F(QueryRunnerTest, NoQueriesAreNoError) {
  queries_ = Matrix<float>(0, 1);
  const auto run = Run(NumberLine(30), {.search = {.k = 1}, .seconds_min = 1});
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.value().answers.rows(), 0u);
  EXPECT_EQ(run.value().hops_mean, 0);
}

}  // namespace
}  // namespace kith
