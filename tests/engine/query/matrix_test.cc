#include "engine/query/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/query/query_fixture.h"

namespace kith {
namespace {

TEST(MatrixTest, PairsAreTheNearestOfTheSample) {
  const QueryFixture fixture(31, 300);
  const QueryContext context{.collection = fixture.collection()};
  for (const char* name : {"", "text", "dot"}) {
    const Metric metric = QueryFixture::Config().vectors.at(name).metric;
    const MatrixAnswer answer =
        RunMatrix(context, {.sample = 40,
                            .limit = 4,
                            .filter = FilterOf(R"({"must":[{"key":"n","range":{"lt":30}}]})"),
                            .using_vector = name,
                            .seed = {}})
            .value();
    ASSERT_EQ(answer.ids.size(), 40u);
    EXPECT_TRUE(std::ranges::is_sorted(answer.ids));
    ASSERT_EQ(answer.pairs.size(), 160u);
    const auto score = [&](std::size_t a, std::size_t b) {
      return CollectionModel::Score(metric, fixture.points().at(answer.ids[a]).vectors.at(name),
                                    fixture.points().at(answer.ids[b]).vectors.at(name));
    };
    for (std::size_t a = 0; a < 40; ++a) {
      EXPECT_LT(*fixture.points().at(answer.ids[a]).payload.Find("n")->AsInt64(), 30);
      std::vector<float> all;
      for (std::size_t b = 0; b < 40; ++b) {
        if (a != b) all.push_back(score(a, b));
      }
      std::sort(all.begin(), all.end());
      if (metric != Metric::kL2) std::reverse(all.begin(), all.end());
      for (std::size_t i = 0; i < 4; ++i) {
        const MatrixAnswer::Pair& pair = answer.pairs[a * 4 + i];
        EXPECT_EQ(pair.a, a);
        EXPECT_NEAR(pair.score, all[i], 1e-4);
        EXPECT_NEAR(pair.score, score(pair.a, pair.b), 1e-4);
      }
    }
  }
}

TEST(MatrixTest, TakesAllThereAre) {
  const QueryFixture fixture(33, 12);
  std::size_t with_vector = 0;
  for (const auto& [id, point] : fixture.points()) with_vector += point.vectors.count("");
  const MatrixAnswer answer =
      RunMatrix({.collection = fixture.collection()}, {.sample = 100, .limit = 50}).value();
  EXPECT_EQ(answer.ids.size(), with_vector);
  EXPECT_EQ(answer.pairs.size(), with_vector * (with_vector - 1));
}

TEST(MatrixTest, SamplesDifferUnlessSeeded) {
  const QueryFixture fixture(35, 300);
  const QueryContext context{.collection = fixture.collection()};
  const auto ids = [&](std::optional<std::uint64_t> seed) {
    return RunMatrix(context,
                     {.sample = 20, .limit = 1, .filter = {}, .using_vector = "", .seed = seed})
        .value()
        .ids;
  };
  EXPECT_EQ(ids(7), ids(7));
  EXPECT_NE(ids(7), ids(8));
  EXPECT_NE(ids({}), ids({}));
}

TEST(MatrixTest, Refuses) {
  const QueryFixture fixture(37, 5);
  const QueryContext context{.collection = fixture.collection()};
  EXPECT_FALSE(RunMatrix(context, {.sample = 1}).ok());
  EXPECT_FALSE(RunMatrix(context, {.sample = 5000}).ok());
  EXPECT_FALSE(RunMatrix(context, {.sample = 3, .limit = 0}).ok());
  EXPECT_FALSE(
      RunMatrix(context, {.sample = 3, .limit = 1, .filter = {}, .using_vector = "x"}).ok());
}

}  // namespace
}  // namespace kith
