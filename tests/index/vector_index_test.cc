#include "index/vector_index.h"

#include <atomic>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using testing::HasSubstr;

constexpr std::size_t kDim = 3;

Status Validate(std::vector<float> query, const SearchParams& params, std::size_t room = 100000) {
  static const std::vector<Neighbor> out(100000);
  return ValidateSearch(query, kDim, params, std::span(out).first(room));
}

void ExpectRefused(const Status& status, const std::string& words) {
  ASSERT_FALSE(status.ok()) << words;
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.error().message, HasSubstr(words));
}

TEST(ValidateSearchTest, AcceptsTheEdgesOfEachRange) {
  EXPECT_TRUE(Validate({1, 2, 3}, {}).ok());
  EXPECT_TRUE(Validate({1, 2, 3}, {.k = 1, .ef_search = 1}).ok());
  EXPECT_TRUE(Validate({1, 2, 3}, {.k = kSearchKMax, .ef_search = kEfSearchMax}).ok());
  EXPECT_TRUE(Validate({1, 2, 3}, {.target_recall = 1}).ok());
  EXPECT_TRUE(Validate({1, 2, 3}, {.k = 7}, 7).ok());
}

TEST(ValidateSearchTest, RefusesWhatNoIndexCanAnswer) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  ExpectRefused(Validate({1, 2}, {}), "query has 2 dimensions, the index has 3");
  ExpectRefused(Validate({}, {}), "query has 0 dimensions, the index has 3");
  ExpectRefused(Validate({1, 2, nan}, {}), "query has NaN in dimension 2");
  ExpectRefused(Validate({1, -infinity, 3}, {}), "query has infinity in dimension 1");
  ExpectRefused(Validate({1, 2, 3}, {.k = 0}), "k is 0, expected 1 to 16384");
  ExpectRefused(Validate({1, 2, 3}, {.k = kSearchKMax + 1}), "k is 16385");
  ExpectRefused(Validate({1, 2, 3}, {.k = 10, .ef_search = 9}), "ef_search is 9, below k = 10");
  ExpectRefused(Validate({1, 2, 3}, {.ef_search = kEfSearchMax + 1}), "ef_search is 65537");
  ExpectRefused(Validate({1, 2, 3}, {.target_recall = 0}), "target_recall is 0");
  ExpectRefused(Validate({1, 2, 3}, {.target_recall = 1.01}), "target_recall is 1.01");
  ExpectRefused(Validate({1, 2, 3}, {.target_recall = nan}), "target_recall is nan");
  ExpectRefused(Validate({1, 2, 3}, {.k = 10}, 9), "room for 9 results, k is 10");
}

TEST(CheckFiniteTest, NamesTheFirstBadDimension) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(CheckFinite(std::vector<float>{1, 2}, "row 7").ok());
  ExpectRefused(CheckFinite(std::vector<float>{1, infinity, infinity}, "row 7"),
                "row 7 has infinity in dimension 1");
}

// Answers query (x, ...) with ids x, x + 1, ..., at most `rows` of them.
class CountingIndex : public VectorIndex {
 public:
  explicit CountingIndex(std::size_t rows) : rows_(rows) {}

  IndexInfo info() const override { return {}; }
  Status Verify(const Cancellation&, Progress&) const override { return {}; }
  std::span<const std::uint32_t> ids() const override { return {}; }
  void VectorAt(std::uint32_t, std::span<float>) const override {}
  std::unique_ptr<Searcher> NewSearcher() const override {
    ++searchers_;
    return std::make_unique<CountingSearcher>(rows_);
  }
  int searchers() const { return searchers_; }

 private:
  class CountingSearcher : public Searcher {
   public:
    explicit CountingSearcher(std::size_t rows) : rows_(rows) {}
    Result<std::size_t> Search(std::span<const float> query, const SearchParams& params,
                               std::span<Neighbor> out) override {
      TRY(ValidateSearch(query, kDim, params, out));
      const std::size_t count = std::min<std::size_t>(params.k, rows_);
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = {.distance = static_cast<float>(i),
                  .id = static_cast<std::uint32_t>(query[0]) + static_cast<std::uint32_t>(i)};
      }
      return count;
    }
    const SearchStats& stats() const override { return stats_; }

   private:
    std::size_t rows_;
    SearchStats stats_;
  };

  std::size_t rows_;
  mutable std::atomic<int> searchers_ = 0;
};

Matrix<float> NumberedQueries(std::size_t count) {
  Matrix<float> queries(count, kDim);
  for (std::size_t q = 0; q < count; ++q) queries.row(q)[0] = static_cast<float>(100 * q);
  return queries;
}

TEST(SearchBatchTest, EveryQueryGetsItsOwnAnswerWhateverTheThreads) {
  const Matrix<float> queries = NumberedQueries(101);
  for (const std::size_t threads : {1, 2, 5}) {
    const CountingIndex index(50);
    ThreadPool pool(threads);
    const Result<Matrix<Neighbor>> answers = SearchBatch(index, queries.view(), {.k = 4}, pool);
    ASSERT_TRUE(answers.ok()) << answers.error().message;
    ASSERT_EQ(answers.value().rows(), 101u);
    ASSERT_EQ(answers.value().cols(), 4u);
    for (std::size_t q = 0; q < 101; ++q) {
      for (std::uint32_t i = 0; i < 4; ++i) {
        ASSERT_EQ(answers.value().row(q)[i],
                  (Neighbor{static_cast<float>(i), static_cast<std::uint32_t>(100 * q + i)}));
      }
    }
    EXPECT_LE(index.searchers(), static_cast<int>(threads)) << "one searcher a thread";
  }
}

TEST(SearchBatchTest, ShortAnswersAreFilledUp) {
  const Matrix<float> queries = NumberedQueries(3);
  const CountingIndex index(2);
  ThreadPool pool(1);
  const Result<Matrix<Neighbor>> answers = SearchBatch(index, queries.view(), {.k = 4}, pool);
  ASSERT_TRUE(answers.ok());
  for (std::size_t q = 0; q < 3; ++q) {
    EXPECT_EQ(answers.value().row(q)[1].id, 100 * q + 1);
    for (const std::size_t i : {2, 3}) {
      EXPECT_EQ(answers.value().row(q)[i],
                (Neighbor{std::numeric_limits<float>::infinity(), kNoNeighbor}));
    }
  }
}

TEST(SearchBatchTest, TheFirstBadQueryIsNamed) {
  Matrix<float> queries = NumberedQueries(100);
  queries.row(57)[1] = queries.row(80)[1] = std::numeric_limits<float>::quiet_NaN();
  const CountingIndex index(2);
  for (const std::size_t threads : {1, 3}) {
    ThreadPool pool(threads);
    const Result<Matrix<Neighbor>> answers = SearchBatch(index, queries.view(), {.k = 4}, pool);
    ASSERT_FALSE(answers.ok());
    EXPECT_EQ(answers.error().message, "query 57: query has NaN in dimension 1");
  }
}

TEST(SearchBatchTest, AnAbsurdKIsRefusedBeforeMemoryIsAskedFor) {
  const CountingIndex index(2);
  ThreadPool pool(1);
  const Matrix<float> queries = NumberedQueries(1);
  for (const std::uint32_t k : {0u, 0xffffffffu}) {
    const Result<Matrix<Neighbor>> answers = SearchBatch(index, queries.view(), {.k = k}, pool);
    ASSERT_FALSE(answers.ok());
    EXPECT_EQ(answers.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(SearchBatchTest, StopsOnRequest) {
  const CountingIndex index(2);
  ThreadPool pool(2);
  Cancellation cancellation;
  cancellation.Request();
  const Matrix<float> queries = NumberedQueries(50);
  const Result<Matrix<Neighbor>> answers =
      SearchBatch(index, queries.view(), {.k = 4}, pool, cancellation);
  ASSERT_FALSE(answers.ok());
  EXPECT_EQ(answers.error().code, ErrorCode::kCancelled);
}

TEST(SearchBatchTest, NoQueriesNeedNoSearcher) {
  const CountingIndex index(2);
  ThreadPool pool(2);
  const Result<Matrix<Neighbor>> answers = SearchBatch(index, {}, {.k = 4}, pool);
  ASSERT_TRUE(answers.ok());
  EXPECT_EQ(answers.value().rows(), 0u);
  EXPECT_EQ(index.searchers(), 0);
}

}  // namespace
}  // namespace kith
