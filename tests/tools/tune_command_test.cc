#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/index_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

class TuneCommandTest : public IndexFixture {
 protected:
  void SetUp() override {
    IndexFixture::SetUp();
    Build("hnsw", {"--m", "4", "--ef-construction", "16"});
  }

  KithRun Tune(const std::vector<std::string>& options) const {
    std::vector<std::string> words = {"tune",        "--index",       "hnsw", "--queries",
                                      "query.fvecs", "--min-seconds", "0.01"};
    words.insert(words.end(), options.begin(), options.end());
    return Run(words);
  }
};

TEST_F(TuneCommandTest, TheCurveRisesAndTheChoiceReachesTheTarget) {
  WriteTruth(10);
  const KithJson json(
      Tune({"--ground-truth", "truth.ivecs", "--target-recall", "0.9", "0.99", "--json"}));
  const std::size_t points = json.Size("/curve");
  ASSERT_GE(points, 2u);
  double before = 0;
  for (std::size_t i = 0; i < points; ++i) {
    const std::string point = "/curve/" + std::to_string(i);
    EXPECT_GT(json.Number(point + "/params/ef_search"), before);
    before = json.Number(point + "/params/ef_search");
    EXPECT_GT(json.Number(point + "/qps"), 0);
    EXPECT_GT(json.Number(point + "/cpu_us_mean"), 0);
  }
  const std::string last = "/curve/" + std::to_string(points - 1);
  EXPECT_GE(json.Number(last + "/recall_at_10"), json.Number("/curve/0/recall_at_10"));
  ASSERT_EQ(json.Size("/targets"), 2u);
  EXPECT_EQ(json.Number("/chosen/target_recall"), 0.9);
  EXPECT_EQ(json.Number("/targets/1/target_recall"), 0.99);
  EXPECT_TRUE(json.Flag("/chosen/reached"));
  EXPECT_GE(json.Number("/chosen/recall_at_10"), 0.9);
  EXPECT_GE(json.Number("/targets/1/recall_at_10"), 0.99);
  EXPECT_GE(json.Number("/targets/1/params/ef_search"), json.Number("/chosen/params/ef_search"));
  EXPECT_GT(json.Number("/chosen/calibrated/params/ef_search"), 0);
}

TEST_F(TuneCommandTest, ComputesTheSameCurveWithoutGroundTruth) {
  WriteTruth(10);
  const std::vector<std::string> points = {"--ef-search", "10", "30", "--json"};
  const auto with = [&](std::vector<std::string> options) {
    options.insert(options.end(), points.begin(), points.end());
    return Tune(options);
  };
  const KithJson given(with({"--ground-truth", "truth.ivecs"}));
  const KithJson computed(with({"--base-file", "base.fvecs"}));
  const KithJson scanned(with({}));
  EXPECT_EQ(given.Text("/ground_truth"), "truth.ivecs");
  EXPECT_EQ(computed.Text("/ground_truth"), "base.fvecs");
  for (const char* recall : {"/curve/0/recall_at_10", "/curve/1/recall_at_10"}) {
    EXPECT_EQ(given.Number(recall), computed.Number(recall));
    EXPECT_EQ(given.Number(recall), scanned.Number(recall));
  }
  EXPECT_EQ(given.Size("/curve"), 2u);
}

TEST_F(TuneCommandTest, AFlatIndexIsOneExactPoint) {
  Build("flat", {"--index", "flat"});
  const KithJson json(Run(
      {"tune", "--index", "flat", "--queries", "query.fvecs", "--min-seconds", "0.01", "--json"}));
  ASSERT_EQ(json.Size("/curve"), 1u);
  EXPECT_EQ(json.Number("/curve/0/recall_at_10"), 1);
  EXPECT_EQ(json.Number("/chosen/recall_at_10"), 1);
}

TEST_F(TuneCommandTest, TellsPeopleTheSame) {
  const KithRun run = Tune({"--ef-search", "10", "100"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("ef_search  recall@10"));
  EXPECT_THAT(run.out, HasSubstr("target recall 0.950"));
  EXPECT_THAT(run.out, HasSubstr("calibration: ef_search"));
}

TEST_F(TuneCommandTest, NamesWhatIsWrong) {
  WriteTruth(5);
  folder_.Write("other.fvecs", Texmex(ClusteredRows(10, kDim, 3)));
  struct Bad {
    std::vector<std::string> options;
    const char* word;
  };
  for (const Bad& bad : std::vector<Bad>{
           {{"--target-recall", "0"}, "target recall is 0"},
           {{"--target-recall", "0.5", "1.01"}, "target recall is 1.01"},
           {{"--ef-search", "9"}, "ef_search is 9: expected 10"},
           {{"--ground-truth", "truth.ivecs"}, "lists 5 neighbours a query: expected at least 10"},
           {{"--base-file", "other.fvecs"}, "other.fvecs holds 10 vectors"},
           {{"--base-file", "base.fvecs", "--ground-truth", "truth.ivecs"}, "--base-file"}}) {
    const KithRun run = Tune(bad.options);
    ExpectError(run, 2, "kith tune");
    EXPECT_THAT(run.err, HasSubstr(bad.word));
  }
}

}  // namespace
}  // namespace kith
