#include "bench/data_set.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kith {
namespace {

// Base rows 0, 1, 2, ... on a line, one query at 0; the truth is 0, 1, 2.
DataSet Line(std::initializer_list<float> places) {
  DataSet data;
  data.base = Matrix<float>(places.size(), 1);
  std::copy(places.begin(), places.end(), data.base.data());
  data.queries = Matrix<float>(1, 1);
  data.truth = Matrix<std::int32_t>(1, 3);
  for (int i = 0; i < 3; ++i) data.truth.row(0)[i] = i;
  return data;
}

double Recall(const DataSet& data, std::vector<std::uint32_t> ids) {
  return RecallByDistance(data, {ids.data(), 1, ids.size()});
}

TEST(DataSetTest, RecallIsTheShareOfTrueNeighborsFound) {
  const DataSet data = Line({0, 1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(Recall(data, {2, 0, 1}), 1.0);
  EXPECT_DOUBLE_EQ(Recall(data, {0, 1, 4}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(Recall(data, {3, 4}), 0.0);
}

TEST(DataSetTest, RecallCountsTiesWhicheverRowWasNamed) {
  const DataSet data = Line({0, 1, 2, -2, 4});
  EXPECT_DOUBLE_EQ(Recall(data, {0, 1, 3}), 1.0);
}

TEST(DataSetTest, RecallCountsARowNamedTwiceOnce) {
  const DataSet data = Line({0, 1, 2, 3});
  EXPECT_DOUBLE_EQ(Recall(data, {0, 0, 1}), 2.0 / 3);
}

TEST(DataSetTest, RecallIgnoresMissingAnswersAndRowsThatAreNot) {
  const DataSet data = Line({0, 1, 2, 3});
  EXPECT_DOUBLE_EQ(Recall(data, {0, kNoAnswer, 77}), 1.0 / 3);
}

TEST(DataSetTest, RecallOfAPaddedTruthCountsWhatThereIs) {
  DataSet data = Line({0, 1, 2});
  data.truth.row(0)[2] = -1;
  EXPECT_DOUBLE_EQ(Recall(data, {1, 2, kNoAnswer}), 1.0 / 2);
}

}  // namespace
}  // namespace kith
