#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/tools/index_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SearchCommandTest : public IndexFixture {
 protected:
  void SetUp() override {
    IndexFixture::SetUp();
    Build("flat", {"--index", "flat"});
    Build("hnsw");
    WriteTruth(100);
  }

  KithRun Search(const std::string& index, const std::vector<std::string>& options) const {
    std::vector<std::string> words = {"search", "--index", index, "--queries", "query.fvecs"};
    words.insert(words.end(), options.begin(), options.end());
    return Run(words);
  }
};

TEST_F(SearchCommandTest, PrintsRecallSpeedAndMemory) {
  for (const std::string index : {"flat", "hnsw"}) {
    const KithJson json(Search(index, {"--k", "100", "--ground-truth", "truth.ivecs", "--json"}));
    EXPECT_EQ(json.Number("/queries"), kQueries);
    EXPECT_EQ(json.Number("/k"), 100);
    for (const char* at : {"/recall_at_1", "/recall_at_10", "/recall_at_100"}) {
      EXPECT_GT(json.Number(at), 0.8) << index << at;
      EXPECT_LE(json.Number(at), 1) << index << at;
    }
    EXPECT_GT(json.Number("/qps"), 0);
    EXPECT_GT(json.Number("/cpu_us_mean"), 0);
    EXPECT_GT(json.Number("/mean_us"), 0);
    EXPECT_GT(json.Number("/p50_us"), 0);
    EXPECT_GE(json.Number("/p99_us"), json.Number("/p50_us"));
    EXPECT_EQ(json.Number("/threads"), 1);
    EXPECT_GT(json.Number("/resident_bytes"), 1 << 20);
    EXPECT_GT(json.Number("/open_ms"), 0);
    EXPECT_GT(json.Number("/first_answer_ms"), json.Number("/open_ms"));
    EXPECT_EQ(json.Number("/params/k"), 100);
  }
}

TEST_F(SearchCommandTest, GivesRecallOnlyWhereAnswersAndTruthAreDeepEnough) {
  const KithJson ten(Search("flat", {"--k", "10", "--ground-truth", "truth.ivecs", "--json"}));
  EXPECT_EQ(ten.Number("/recall_at_10"), 1);
  EXPECT_FALSE(ten.Has("/recall_at_100"));
  WriteTruth(5);
  const KithJson five(Search("flat", {"--k", "10", "--ground-truth", "truth.ivecs", "--json"}));
  EXPECT_EQ(five.Number("/recall_at_1"), 1);
  EXPECT_FALSE(five.Has("/recall_at_10"));
  EXPECT_FALSE(KithJson(Search("flat", {"--json"})).Has("/recall_at_1"));
}

TEST_F(SearchCommandTest, ExactSearchAgreesWithTheDefinition) {
  for (const std::string index : {"flat", "hnsw"}) {
    const KithRun run = Search(index, {"--exact", "--k", "100", "--output", index + ".ivecs"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(folder_.Read(index + ".ivecs"), folder_.Read("truth.ivecs"));
  }
}

TEST_F(SearchCommandTest, AnswersDoNotDependOnThreadsNorOnTheLoadMode) {
  ASSERT_EQ(Search("hnsw", {"--ef-search", "20", "--output", "a.ivecs"}).exit_code, 0);
  ASSERT_EQ(
      Search("hnsw", {"--ef-search", "20", "--output", "b.ivecs", "--threads", "3"}).exit_code, 0);
  ASSERT_EQ(Search("hnsw", {"--ef-search", "20", "--output", "c.ivecs", "--load", "mapped",
                            "--min-seconds", "0.01"})
                .exit_code,
            0);
  EXPECT_EQ(folder_.Read("a.ivecs").size(), kQueries * (4 + 4 * 10));
  EXPECT_EQ(folder_.Read("a.ivecs"), folder_.Read("b.ivecs"));
  EXPECT_EQ(folder_.Read("a.ivecs"), folder_.Read("c.ivecs"));
}

TEST_F(SearchCommandTest, WritesJsonLinesWithDistances) {
  ASSERT_EQ(Search("flat", {"--k", "3", "--output", "a.jsonl"}).exit_code, 0);
  std::istringstream lines(folder_.Read("a.jsonl"));
  std::size_t q = 0;
  for (std::string line; std::getline(lines, line); ++q) {
    simdjson::dom::parser parser;
    const simdjson::dom::element answer = parser.parse(line).value();
    EXPECT_EQ(answer["query"].get_uint64().value(), q);
    const std::vector<std::int32_t> truth = NearestByDefinition(base_, queries_[q], 3);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(answer["ids"].at(i).get_int64().value(), truth[i]);
      double distance = 0;
      for (std::size_t d = 0; d < kDim; ++d) {
        const double difference = base_[static_cast<std::size_t>(truth[i])][d] - queries_[q][d];
        distance += difference * difference;
      }
      EXPECT_NEAR(answer["distances"].at(i).get_double().value(), distance, 1e-4 * distance);
    }
  }
  EXPECT_EQ(q, kQueries);
}

TEST_F(SearchCommandTest, TheTargetPicksTheSettingAndEfSearchOverridesIt) {
  const KithJson low(Search("hnsw", {"--target-recall", "0.5", "--json"}));
  const KithJson high(Search("hnsw", {"--target-recall", "0.999", "--json"}));
  EXPECT_LE(low.Number("/params/ef_search"), high.Number("/params/ef_search"));
  EXPECT_EQ(low.Number("/params/target_recall"), 0.5);
  const KithJson fixed(Search("hnsw", {"--ef-search", "77", "--json"}));
  EXPECT_EQ(fixed.Number("/params/ef_search"), 77);
  EXPECT_FALSE(fixed.Has("/params/target_recall"));
}

TEST_F(SearchCommandTest, RepeatsTheQueriesForStableTimes) {
  const KithJson json(Search("hnsw", {"--min-seconds", "0.2", "--json"}));
  EXPECT_GE(json.Number("/seconds"), 0.2);
  EXPECT_GT(json.Number("/queries_timed"), kQueries);
  EXPECT_NEAR(json.Number("/qps"), json.Number("/queries_timed") / json.Number("/seconds"), 1);
}

TEST_F(SearchCommandTest, TakesTheFirstQueriesOnly) {
  const KithJson json(Search("flat", {"--limit", "7", "--ground-truth", "truth.ivecs", "--json"}));
  EXPECT_EQ(json.Number("/queries"), 7);
  EXPECT_EQ(json.Number("/recall_queries"), 7);
  EXPECT_EQ(json.Number("/recall_at_10"), 1);
}

TEST_F(SearchCommandTest, TellsPeopleTheSame) {
  const KithRun run = Search("hnsw", {"--ground-truth", "truth.ivecs"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* word : {"recall@10", "QPS", "p99", "ef_search", "first answer"}) {
    EXPECT_THAT(run.out, HasSubstr(word));
  }
  EXPECT_THAT(run.out, Not(HasSubstr("recall@100")));
}

TEST_F(SearchCommandTest, NamesTheParameterThatIsWrong) {
  struct Bad {
    std::vector<std::string> options;
    std::vector<std::string> words;
  };
  for (const Bad& bad : std::vector<Bad>{
           {{"--k", "0"}, {"k is 0", "600"}},
           {{"--k", "601"}, {"k is 601", "600 vectors"}},
           {{"--k", "20", "--ef-search", "19"}, {"ef_search is 19", "k", "20"}},
           {{"--ef-search", "1000000"}, {"65536"}},
           {{"--target-recall", "1.5"}, {"target_recall", "1.5"}},
           {{"--target-recall", "0"}, {"target_recall", "0"}},
           {{"--target-recall", "0.9", "--ef-search", "20"}, {"--target-recall", "--ef-search"}},
           {{"--load", "floppy"}, {"resident or mapped"}},
           {{"--output", "a.txt"}, {"a.txt", ".ivecs"}}}) {
    const KithRun run = Search("hnsw", bad.options);
    ExpectError(run, 2, "kith search");
    for (const std::string& word : bad.words) EXPECT_THAT(run.err, HasSubstr(word));
  }
}

TEST_F(SearchCommandTest, NamesWhatIsWrongWithTheQueries) {
  folder_.Write("wide.fvecs", Texmex(ClusteredRows(3, kDim + 1, 1)));
  KithRun run = Run({"search", "--index", "hnsw", "--queries", "wide.fvecs"});
  ExpectError(run, 2, "kith search");
  EXPECT_THAT(run.err, HasSubstr("dim 25 in wide.fvecs"));
  EXPECT_THAT(run.err, HasSubstr("the index hnsw has dim 24"));

  queries_[11][3] = std::numeric_limits<float>::quiet_NaN();
  folder_.Write("nan.fvecs", Texmex(queries_));
  run = Run({"search", "--index", "hnsw", "--queries", "nan.fvecs"});
  ExpectError(run, 2, "kith search");
  EXPECT_THAT(run.err, HasSubstr("nan.fvecs: row 11 has NaN in dimension 3"));
}

TEST_F(SearchCommandTest, NoticesTheGroundTruthOfSomethingElse) {
  folder_.Write("ids.ivecs", Texmex<std::int32_t>({{1, 2}, {3, 600}}));
  KithRun run = Search("hnsw", {"--ground-truth", "ids.ivecs"});
  ExpectError(run, 2, "kith search");
  EXPECT_THAT(run.err, HasSubstr("row 1 names vector 600, but the index has only 600"));

  folder_.Write("long.ivecs", Texmex(std::vector<std::vector<std::int32_t>>(41, {1, 2, 3})));
  run = Search("hnsw", {"--ground-truth", "long.ivecs"});
  ExpectError(run, 2, "kith search");
  EXPECT_THAT(run.err, HasSubstr("41"));

  run = Search("hnsw", {"--ground-truth", "query.fvecs"});
  ExpectError(run, 2, "kith search");
  EXPECT_THAT(run.err, HasSubstr("query.fvecs"));
}

TEST_F(SearchCommandTest, NoticesWhatIsNoIndex) {
  std::filesystem::create_directory(folder_ / "empty");
  for (const char* path : {"empty", "absent", "base.fvecs"}) {
    const KithRun run = Search(path, {});
    EXPECT_NE(run.exit_code, 0);
    EXPECT_THAT(run.err, HasSubstr(path));
  }
  std::string bytes = folder_.Read("hnsw/index.kith");
  std::filesystem::create_directory(folder_ / "short");
  folder_.Write("short/index.kith", bytes.substr(0, bytes.size() - 1));
  const KithRun run = Search("short", {});
  ExpectError(run, 1, "kith search");
  EXPECT_THAT(run.err, HasSubstr("short/index.kith"));
}

TEST_F(SearchCommandTest, RefusesAnOutputThatExistsUnlessForced) {
  folder_.Write("a.ivecs", "precious");
  ExpectError(Search("flat", {"--output", "a.ivecs"}), 1, "kith search");
  EXPECT_EQ(folder_.Read("a.ivecs"), "precious");
  EXPECT_EQ(Search("flat", {"--output", "a.ivecs", "--force"}).exit_code, 0);
  EXPECT_EQ(folder_.Read("a.ivecs").size(), kQueries * (4 + 4 * 10));
}

TEST_F(SearchCommandTest, SearchesSmallAndEmptyIndexes) {
  folder_.Write("base.fvecs", Texmex<float>({std::vector<float>(kDim, 1), base_[0]}));
  Build("two");
  const KithJson json(Search("two", {"--k", "2", "--json"}));
  EXPECT_EQ(json.Number("/queries"), kQueries);
  folder_.Write("none.fbin", EmptyFbin(kDim));
  ASSERT_EQ(Run({"build", "--input", "none.fbin", "--output", "none"}).exit_code, 0);
  const KithRun run = Search("none", {"--k", "1"});
  ExpectError(run, 2, "kith search");
  EXPECT_THAT(run.err, HasSubstr("empty"));
}

}  // namespace
}  // namespace kith
