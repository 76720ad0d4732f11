#include "engine/jobs/recall.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace kith {
namespace {

Matrix<Neighbor> Answers(std::initializer_list<std::initializer_list<Neighbor>> rows) {
  Matrix<Neighbor> matrix(rows.size(), rows.begin()->size());
  std::size_t r = 0;
  for (const auto& row : rows) std::copy(row.begin(), row.end(), matrix.row(r++).begin());
  return matrix;
}

Matrix<std::int32_t> Truth(std::initializer_list<std::initializer_list<std::int32_t>> rows) {
  Matrix<std::int32_t> matrix(rows.size(), rows.begin()->size());
  std::size_t r = 0;
  for (const auto& row : rows) std::copy(row.begin(), row.end(), matrix.row(r++).begin());
  return matrix;
}

double Recall(std::size_t k, const Matrix<Neighbor>& answers, const Matrix<std::int32_t>& truth,
              bool exact = true) {
  return RecallAt(k, answers.view(), truth.view(), exact);
}

TEST(RecallTest, CountsListedIdsWhateverTheirOrder) {
  const auto truth = Truth({{5, 6, 7, 8}});
  EXPECT_EQ(Recall(4, Answers({{{1, 8}, {2, 7}, {3, 6}, {4, 5}}}), truth), 1);
  EXPECT_EQ(Recall(4, Answers({{{1, 5}, {2, 9}, {3, 6}, {4, 1}}}), truth, false), 0.5);
  EXPECT_EQ(Recall(1, Answers({{{1, 6}, {2, 5}, {3, 7}, {4, 8}}}), truth, false), 0);
}

TEST(RecallTest, LooksAtTheFirstKOfBothSidesOnly) {
  const auto answers = Answers({{{1, 5}, {2, 7}, {3, 6}, {4, 8}}});
  EXPECT_EQ(Recall(2, answers, Truth({{5, 6, 7, 8}}), false), 0.5);
}

TEST(RecallTest, CountsAnUnlistedAnswerAtTheDistanceOfAListedOne) {
  const auto truth = Truth({{5, 6}});
  // 9 ties with 6, which the truth lists last.
  EXPECT_EQ(Recall(2, Answers({{{2, 6}, {2, 9}}}), truth), 1);
  EXPECT_EQ(Recall(2, Answers({{{2, 6}, {2, 9}}}), truth, false), 0.5);
  EXPECT_EQ(Recall(2, Answers({{{2, 6}, {2.5, 9}}}), truth), 0.5);
  EXPECT_EQ(Recall(2, Answers({{{2, 9}, {2, 10}}}), truth), 0) << "no listed answer to compare to";
}

TEST(RecallTest, NeverExceedsOne) {
  const auto answers = Answers({{{1, 5}, {1, 6}, {1, 9}}});
  EXPECT_EQ(Recall(3, answers, Truth({{5, 6, -1}})), 1);
}

TEST(RecallTest, PaddingOnEitherSideDoesNotCount) {
  constexpr Neighbor kNone{.id = kNoNeighbor};
  EXPECT_EQ(Recall(4, Answers({{{1, 5}, kNone, kNone, kNone}}), Truth({{5, 6, -1, -1}})), 0.5);
  EXPECT_EQ(Recall(2, Answers({{{1, 5}, {2, 6}}, {{1, 1}, {2, 2}}}), Truth({{5, 6}, {-1, -1}})), 1)
      << "a query without neighbours is left out";
  EXPECT_EQ(Recall(1, Answers({{kNone}}), Truth({{-1}})), 0);
}

TEST(RecallTest, IsTheMeanOverTheQueriesThatTheTruthCovers) {
  const auto answers = Answers({{{1, 1}}, {{1, 2}}, {{1, 3}}});
  EXPECT_EQ(Recall(1, answers, Truth({{1}, {9}})), 0.5);
  const RecallReport report = MeasureRecall(answers.view(), Truth({{1}, {9}}).view(), true);
  EXPECT_EQ(report.queries, 2u);
  EXPECT_EQ(report.at_1, 0.5);
  EXPECT_FALSE(report.at_10.has_value());
}

TEST(RecallTest, DistancesCountOnlyWhereExactRowsLoseNothing) {
  const auto exact = [](const std::string& kind, const std::string& rows) {
    IndexInfo info;
    info.kind = kind;
    info.exact = rows;
    return AnswersAreExact(info);
  };
  EXPECT_TRUE(exact("flat", ""));
  EXPECT_TRUE(exact("hnsw", "f32"));
  EXPECT_TRUE(exact("hnsw", "u8"));
  EXPECT_FALSE(exact("hnsw", "f16"));
  EXPECT_FALSE(exact("hnsw", "none"));
}

TEST(RecallTest, IdsOfAnswersTurnPaddingIntoMinusOne) {
  const Matrix<std::int32_t> ids = IdsOf(Answers({{{1, 7}, {.id = kNoNeighbor}}}).view());
  EXPECT_EQ(ids.row(0)[0], 7);
  EXPECT_EQ(ids.row(0)[1], -1);
}

}  // namespace
}  // namespace kith
