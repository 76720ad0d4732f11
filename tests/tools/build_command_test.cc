#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/tools/index_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using BuildCommandTest = IndexFixture;

TEST_F(BuildCommandTest, ReportsWhatItBuilt) {
  for (const std::string index : {"hnsw", "flat"}) {
    const KithJson json(Run({"build", "--input", "base.fvecs", "--output", index, "--index", index,
                             "--threads", "1", "--json"}));
    EXPECT_EQ(json.Number("/vectors"), kRows);
    EXPECT_EQ(json.Number("/dim"), kDim);
    EXPECT_GT(json.Number("/seconds"), 0);
    EXPECT_GT(json.Number("/cpu_seconds"), 0);
    EXPECT_NEAR(json.Number("/vectors_per_s"), kRows / json.Number("/seconds"), 1);
    EXPECT_EQ(json.Number("/index_bytes"),
              std::filesystem::file_size(folder_ / (index + "/index.kith")));
    EXPECT_GT(json.Number("/peak_resident_bytes"), 1 << 20);
    EXPECT_EQ(json.Text("/params/index"), index);
    EXPECT_EQ(json.Text("/params/metric"), "l2");
  }
}

TEST_F(BuildCommandTest, TellsPeopleTheSame) {
  const KithRun run = Run({"build", "--input", "base.fvecs", "--output", "a"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("a: hnsw index of 600 vectors of dim 24, l2"));
  EXPECT_THAT(run.out, HasSubstr("vectors/s"));
}

TEST_F(BuildCommandTest, GivesTheSameBytesForAnyNumberOfThreads) {
  Build("one", {"--threads", "1", "--metric", "cosine"});
  Build("three", {"--threads", "3", "--metric", "cosine"});
  EXPECT_EQ(folder_.Read("one/index.kith"), folder_.Read("three/index.kith"));
}

TEST_F(BuildCommandTest, TheSeedDecides) {
  Build("a", {"--seed", "1"});
  Build("b", {"--seed", "2"});
  EXPECT_NE(folder_.Read("a/index.kith"), folder_.Read("b/index.kith"));
}

TEST_F(BuildCommandTest, TakesEveryCodecAndParameter) {
  for (const std::string codec : {"f32", "f16", "sq8", "sq4", "lvq4", "pca4"}) {
    const KithJson json(
        Run({"build", "--input", "base.fvecs", "--output", codec, "--codec", codec, "--exact",
             "f16", "--m", "8", "--ef-construction", "50", "--keep-pruned", "--calibration-queries",
             "0", "--memory", "1GiB", "--json"}));
    EXPECT_EQ(json.Text("/params/codec"), codec);
    EXPECT_EQ(json.Text("/params/exact"), "f16");
    EXPECT_EQ(json.Number("/params/m"), 8);
    EXPECT_EQ(json.Number("/params/ef_construction"), 50);
    EXPECT_TRUE(json.Flag("/params/keep_pruned"));
    EXPECT_EQ(json.Number("/params/memory_bytes_max"), 1 << 30);
  }
}

TEST_F(BuildCommandTest, RefusesAnOutputThatExistsUnlessForced) {
  Build("a", {"--seed", "1"});
  const std::string before = folder_.Read("a/index.kith");
  const std::vector<std::string> again = {"build", "--input", "base.fvecs", "--output",
                                          "a",     "--seed",  "2"};
  const KithRun refused = Run(again);
  ExpectError(refused, 1, "kith build");
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(folder_.Read("a/index.kith"), before);

  std::vector<std::string> forced = again;
  forced.push_back("--force");
  EXPECT_EQ(Run(forced).exit_code, 0);
  EXPECT_NE(folder_.Read("a/index.kith"), before);
  EXPECT_THAT(folder_.List(), UnorderedElementsAre("a", "base.fvecs", "query.fvecs"));
}

TEST_F(BuildCommandTest, ForceDoesNotReplaceAFolderOfOtherThings) {
  std::filesystem::create_directory(folder_ / "photos");
  folder_.Write("photos/cat.jpg", "a cat");
  const KithRun run = Run({"build", "--input", "base.fvecs", "--output", "photos", "--force"});
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("photos"));
  EXPECT_EQ(folder_.Read("photos/cat.jpg"), "a cat");
}

TEST_F(BuildCommandTest, NamesTheRowOfAValueThatIsNotFinite) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    base_[123][5] = bad;
    folder_.Write("base.fvecs", Texmex(base_));
    for (const char* index : {"hnsw", "flat"}) {
      const KithRun run =
          Run({"build", "--input", "base.fvecs", "--output", "a", "--index", index});
      ExpectError(run, 2, "kith build");
      EXPECT_THAT(run.err, HasSubstr("123"));
      EXPECT_THAT(folder_.List(), ElementsAre("base.fvecs", "query.fvecs"));
    }
  }
}

struct Bad {
  std::vector<std::string> options;
  int exit_code;
  const char* word;
};

TEST_F(BuildCommandTest, NamesTheParameterThatIsWrong) {
  for (const Bad& bad : std::vector<Bad>{{{"--metric", "manhattan"}, 2, "cosine"},
                                         {{"--index", "spann"}, 1, "not in this version"},
                                         {{"--index", "tree"}, 2, "hnsw"},
                                         {{"--codec", "pq"}, 2, "sq4"},
                                         {{"--exact", "f64"}, 2, "f16"},
                                         {{"--m", "1"}, 2, "m"},
                                         {{"--m", "1000"}, 2, "128"},
                                         {{"--ef-construction", "0"}, 2, "4096"},
                                         {{"--memory", "lots"}, 2, "2GiB"},
                                         {{"--memory", "1KiB"}, 1, "memory"}}) {
    std::vector<std::string> words = {"build", "--input", "base.fvecs", "--output", "a"};
    words.insert(words.end(), bad.options.begin(), bad.options.end());
    const KithRun run = Run(words);
    ExpectError(run, bad.exit_code, "kith build");
    EXPECT_THAT(run.err, HasSubstr(bad.word)) << bad.options[0];
    EXPECT_THAT(folder_.List(), ElementsAre("base.fvecs", "query.fvecs"));
  }
}

TEST_F(BuildCommandTest, NamesWhatIsWrongWithTheInput) {
  const std::string good = Texmex(base_);
  folder_.Write("short.fvecs", good.substr(0, good.size() - 1));
  folder_.Write("magic.npy", "not what it seems to be");
  folder_.Write("ids.ivecs", Texmex<std::int32_t>({{1, 2}, {3, 4}}));
  for (const auto& [input, exit_code] : std::vector<std::pair<std::string, int>>{
           {"short.fvecs", 1}, {"magic.npy", 2}, {"none.fvecs", 1}, {"base.xyz", 2}}) {
    const KithRun run = Run({"build", "--input", input, "--output", "a"});
    ExpectError(run, exit_code, "kith build");
    EXPECT_THAT(run.err, HasSubstr(input));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
  }
}

TEST_F(BuildCommandTest, BuildsFromOneVectorAndFromNone) {
  folder_.Write("one.fvecs", Texmex<float>({{1, 2, 3}}));
  folder_.Write("none.fbin", EmptyFbin(3));
  for (const char* index : {"hnsw", "flat"}) {
    const KithJson one(Run({"build", "--input", "one.fvecs", "--output", std::string("1") + index,
                            "--index", index, "--json"}));
    EXPECT_EQ(one.Number("/vectors"), 1);
    const KithJson none(Run({"build", "--input", "none.fbin", "--output", std::string("0") + index,
                             "--index", index, "--json"}));
    EXPECT_EQ(none.Number("/vectors"), 0);
    EXPECT_EQ(none.Number("/dim"), 3);
  }
}

}  // namespace
}  // namespace kith
