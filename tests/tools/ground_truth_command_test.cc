#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/tools/index_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

class GroundTruthCommandTest : public IndexFixture {
 protected:
  KithRun GroundTruth(const std::vector<std::string>& options) const {
    std::vector<std::string> words = {"ground-truth", "--base",   "base.fvecs", "--queries",
                                      "query.fvecs",  "--output", "out.ivecs"};
    words.insert(words.end(), options.begin(), options.end());
    return Run(words);
  }
};

TEST_F(GroundTruthCommandTest, AgreesWithTheDefinition) {
  WriteTruth(100);
  const KithJson json(GroundTruth({"--json"}));
  EXPECT_EQ(folder_.Read("out.ivecs"), folder_.Read("truth.ivecs"));
  EXPECT_EQ(json.Number("/vectors"), kRows);
  EXPECT_EQ(json.Number("/queries"), kQueries);
  EXPECT_EQ(json.Number("/k"), 100);
  EXPECT_EQ(json.Text("/metric"), "l2");
  EXPECT_GT(json.Number("/seconds"), 0);
}

TEST_F(GroundTruthCommandTest, RanksByEachMetric) {
  for (const std::string metric : {"ip", "cosine"}) {
    ASSERT_EQ(GroundTruth({"--metric", metric, "--k", "5", "--distances", "d.fvecs", "--force"})
                  .exit_code,
              0);
    const auto ids = RowsOfTexmex<std::int32_t>(folder_.Read("out.ivecs"));
    const auto distances = RowsOfTexmex<float>(folder_.Read("d.fvecs"));
    ASSERT_EQ(ids.size(), kQueries);
    for (std::size_t q = 0; q < kQueries; ++q) {
      std::vector<std::pair<double, std::int32_t>> all;
      for (std::size_t r = 0; r < kRows; ++r) {
        double dot = 0, a = 0, b = 0;
        for (std::size_t d = 0; d < kDim; ++d) {
          dot += double{queries_[q][d]} * double{base_[r][d]};
          a += double{queries_[q][d]} * double{queries_[q][d]};
          b += double{base_[r][d]} * double{base_[r][d]};
        }
        all.emplace_back(metric == "ip" ? -dot : 1 - dot / std::sqrt(a * b),
                         static_cast<std::int32_t>(r));
      }
      std::sort(all.begin(), all.end());
      for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(ids[q][i], all[i].second);
        EXPECT_NEAR(distances[q][i], all[i].first, 1e-5 * (1 + std::abs(all[i].first)));
      }
    }
  }
}

TEST_F(GroundTruthCommandTest, ReadsTheBaseInBlocks) {
  const auto base = ClusteredRows(3000, 1024, 5);  // 12 MB: two blocks
  const auto queries = ClusteredRows(5, 1024, 6);
  folder_.Write("base.fvecs", Texmex(base));
  folder_.Write("query.fvecs", Texmex(queries));
  ASSERT_EQ(GroundTruth({"--k", "7", "--threads", "2"}).exit_code, 0);
  const auto ids = RowsOfTexmex<std::int32_t>(folder_.Read("out.ivecs"));
  for (std::size_t q = 0; q < 5; ++q) EXPECT_EQ(ids[q], NearestByDefinition(base, queries[q], 7));
}

TEST_F(GroundTruthCommandTest, TiesGoToTheLowerRow) {
  folder_.Write("base.fvecs", Texmex<float>({{1, 0}, {0, 1}, {1, 0}, {0, 1}}));
  folder_.Write("query.fvecs", Texmex<float>({{0, 0}, {0, 1}}));
  ASSERT_EQ(GroundTruth({"--k", "3"}).exit_code, 0);
  EXPECT_EQ(folder_.Read("out.ivecs"), Texmex<std::int32_t>({{0, 1, 2}, {1, 3, 0}}));
}

TEST_F(GroundTruthCommandTest, NamesWhatIsWrong) {
  struct Bad {
    std::vector<std::string> options;
    int exit_code;
    const char* word;
  };
  for (const Bad& bad : std::vector<Bad>{{{"--k", "0"}, 2, "k is 0: expected 1 to 600"},
                                         {{"--k", "601"}, 2, "600 vectors"},
                                         {{"--metric", "hamming"}, 2, "cosine"},
                                         {{"--distances", "d.ivecs"}, 2, "d.ivecs"}}) {
    const KithRun run = GroundTruth(bad.options);
    ExpectError(run, bad.exit_code, "kith ground-truth");
    EXPECT_THAT(run.err, HasSubstr(bad.word));
    EXPECT_EQ(folder_.List().size(), 2u);
  }
}

TEST_F(GroundTruthCommandTest, NamesTheFileAndRowOfBadVectors) {
  folder_.Write("query.fvecs", Texmex(ClusteredRows(2, 5, 1)));
  KithRun run = GroundTruth({});
  ExpectError(run, 2, "kith ground-truth");
  EXPECT_THAT(run.err, HasSubstr("dim 5 in query.fvecs, but base.fvecs has dim 24"));

  folder_.Write("query.fvecs", Texmex(queries_));
  base_[321][0] = std::numeric_limits<float>::infinity();
  folder_.Write("base.fvecs", Texmex(base_));
  run = GroundTruth({});
  ExpectError(run, 2, "kith ground-truth");
  EXPECT_THAT(run.err, HasSubstr("base.fvecs"));
  EXPECT_THAT(run.err, HasSubstr("321"));
}

}  // namespace
}  // namespace kith
