// kith train-encoder, kith embed-text and kith search --text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/tools/kith_process.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TextCommandsTest : public testing::Test {
 protected:
  static constexpr std::size_t kDocuments = 60;

  void SetUp() override {
    const std::vector<std::string> animals = {"cat", "horse", "eagle", "salmon", "beetle"};
    const std::vector<std::string> deeds = {"sleeps in the sun",   "runs across the meadow",
                                            "watches the river",   "hides under a stone",
                                            "eats in the morning", "waits for the rain"};
    std::string lines;
    for (std::size_t i = 0; i < kDocuments; ++i) {
      lines += "{\"name\":\"n" + std::to_string(i) + "\",\"text\":\"the " +
               animals[i % animals.size()] + " " + deeds[i % deeds.size()] + " " +
               std::to_string(i) + "\"}\n";
    }
    folder_.Write("docs.jsonl", lines);
  }

  KithRun Run(const std::vector<std::string>& arguments) const {
    return RunKith(arguments, folder_.path());
  }

  // docs.encoder, docs.npy and docs.index from docs.jsonl.
  void Prepare() const {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"train-encoder", "--input", "docs.jsonl", "--output", "docs.encoder", "--dim", "64"},
             {"embed-text", "--encoder", "docs.encoder", "--input", "docs.jsonl", "--output",
              "docs.npy"},
             {"build", "--input", "docs.npy", "--metric", "cosine", "--output", "docs.index"}}) {
      const KithRun run = Run(arguments);
      ASSERT_EQ(run.exit_code, 0) << run.err;
    }
  }

  KithRun Search(const std::vector<std::string>& options) const {
    std::vector<std::string> words = {"search", "--index", "docs.index", "--encoder",
                                      "docs.encoder"};
    words.insert(words.end(), options.begin(), options.end());
    return Run(words);
  }

  TemporaryFolder folder_;
};

TEST_F(TextCommandsTest, TrainingReportsWhatItSaw) {
  const KithJson json(Run({"train-encoder", "--input", "docs.jsonl", "--fields", "name,text",
                           "--dim", "96", "--output", "docs.encoder", "--json"}));
  EXPECT_EQ(json.Number("/documents"), kDocuments);
  EXPECT_EQ(json.Number("/dim"), 96);
  EXPECT_GT(json.Number("/features"), 100);
  EXPECT_EQ(json.Number("/encoder_bytes"), std::filesystem::file_size(folder_ / "docs.encoder"));
  EXPECT_GT(json.Number("/seconds"), 0);
}

TEST_F(TextCommandsTest, EmbeddingGivesUnitVectorsOfEveryLine) {
  Prepare();
  const KithJson json(Run({"embed-text", "--encoder", "docs.encoder", "--input", "docs.jsonl",
                           "--output", "docs.fvecs", "--threads", "3", "--json"}));
  EXPECT_EQ(json.Number("/documents"), kDocuments);
  EXPECT_EQ(json.Number("/dim"), 64);
  const auto rows = RowsOfTexmex<float>(folder_.Read("docs.fvecs"));
  ASSERT_EQ(rows.size(), kDocuments);
  for (const auto& row : rows) {
    double square = 0;
    for (const float x : row) square += double{x} * double{x};
    EXPECT_NEAR(square, 1, 1e-5);
  }
}

TEST_F(TextCommandsTest, WordsFindTheirDocument) {
  Prepare();
  const KithJson json(
      Search({"--text", "the salmon eats in the morning 58", "--documents", "docs.jsonl", "--show",
              "name,text", "--k", "3", "--check-recall", "--json"}));
  EXPECT_EQ(json.Number("/queries"), 1);
  EXPECT_EQ(json.Size("/results/0/answers"), 3u);
  EXPECT_GE(json.Number("/recall_at_3"), 0.6);
  EXPECT_GT(json.Number("/mean_us"), 0);
  EXPECT_EQ(json.Text("/results/0/text"), "the salmon eats in the morning 58");
  const auto id = static_cast<std::size_t>(json.Number("/results/0/answers/0/id"));
  EXPECT_EQ(json.Text("/results/0/answers/0/fields/name"), "n" + std::to_string(id));
  EXPECT_THAT(json.Text("/results/0/answers/0/fields/text"), HasSubstr("salmon"));
  EXPECT_LE(json.Number("/results/0/answers/0/distance"),
            json.Number("/results/0/answers/1/distance"));
}

TEST_F(TextCommandsTest, PrintsARankedListForPeople) {
  Prepare();
  const KithRun run = Search({"--text", "eagle", "--text", "horse", "--documents", "docs.jsonl",
                              "--show", "name,text", "--k", "2", "--check-recall"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"eagle\"\n  1  0."));
  EXPECT_THAT(run.out, HasSubstr("\"horse\"\n  1  0."));
  EXPECT_THAT(run.out, HasSubstr("the eagle"));
  EXPECT_THAT(run.out, HasSubstr("us to search 60 vectors of dim 64"));
  EXPECT_THAT(run.out, HasSubstr("recall@2 "));
}

TEST_F(TextCommandsTest, AnswersAreRowNumbersWithoutDocuments) {
  Prepare();
  const KithRun run = Search({"--text", "eagle", "--k", "1"});
  EXPECT_THAT(run.out, HasSubstr("  row "));
  EXPECT_THAT(run.out, Not(HasSubstr("recall")));
}

TEST_F(TextCommandsTest, ShowsPlainLinesAsTheyAre) {
  folder_.Write("lines.txt", "one red apple\ntwo green pears\nthree blue plums\n");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"train-encoder", "--input", "lines.txt", "--output", "docs.encoder"},
           {"embed-text", "--encoder", "docs.encoder", "--input", "lines.txt", "--output",
            "lines.fvecs"},
           {"build", "--input", "lines.fvecs", "--metric", "cosine", "--output", "docs.index"}}) {
    const KithRun run = Run(arguments);
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  const KithRun run = Search({"--text", "green pear", "--documents", "lines.txt", "--k", "1"});
  EXPECT_THAT(run.out, HasSubstr("two green pears"));
}

TEST_F(TextCommandsTest, WarnsOfTextsWithoutWords) {
  Prepare();
  const KithRun run = Search({"--text", "!?", "--k", "1"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("warning: no letter or digit in \"!?\""));
  EXPECT_THAT(Search({"--text", "ΩψφΩ", "--k", "1"}).err,
              HasSubstr("warning: the encoder knows nothing of \"ΩψφΩ\""));
  folder_.Write("odd.txt", "words\n---\nmore words\n");
  const KithRun embedded =
      Run({"embed-text", "--encoder", "docs.encoder", "--input", "odd.txt", "--output", "odd.npy"});
  EXPECT_EQ(embedded.exit_code, 0);
  EXPECT_THAT(embedded.err, HasSubstr("kith embed-text: warning: "));
}

TEST_F(TextCommandsTest, InfoAndVerifyKnowAnEncoder) {
  Prepare();
  const KithJson info(Run({"info", "docs.encoder", "--json"}));
  EXPECT_EQ(info.Text("/holds"), "segment file");
  EXPECT_THAT(info.Text("/segment_kind"), HasSubstr("encoder"));
  EXPECT_EQ(info.Text("/details/dim"), "64");
  EXPECT_EQ(info.Text("/details/documents"), "60");
  EXPECT_EQ(Run({"verify", "docs.encoder"}).exit_code, 0);
  std::string bytes = folder_.Read("docs.encoder");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  folder_.Write("docs.encoder", bytes);
  EXPECT_EQ(Run({"verify", "docs.encoder"}).exit_code, 1);
}

TEST_F(TextCommandsTest, NamesWhatIsWrong) {
  Prepare();
  folder_.Write("bad.jsonl", "{\"text\":\"fine\"}\nnot json\n");
  folder_.Write("few.jsonl", "{\"text\":\"only one\"}\n");
  folder_.Write("untitled.jsonl", "{\"title\":\"no text\"}\n");
  folder_.Write("wide.fvecs", Texmex(ClusteredRows(20, 65, 1)));
  ASSERT_EQ(Run({"build", "--input", "wide.fvecs", "--output", "wide.index"}).exit_code, 0);
  struct Bad {
    std::vector<std::string> arguments;
    int exit_code;
    const char* word;
  };
  for (const Bad& bad : std::vector<Bad>{
           {{"train-encoder", "--input", "bad.jsonl", "--output", "x"}, 2, "bad.jsonl:2"},
           {{"train-encoder", "--input", "untitled.jsonl", "--output", "x"}, 2, "text"},
           {{"train-encoder", "--input", "docs.jsonl", "--dim", "0", "--output", "x"}, 2, "dim"},
           {{"train-encoder", "--input", "absent.jsonl", "--output", "x"}, 1, "absent.jsonl"},
           {{"train-encoder", "--input", "docs.jsonl", "--output", "docs.encoder"}, 1, "--force"},
           {{"embed-text", "--encoder", "docs.npy", "--input", "docs.jsonl", "--output", "x.npy"},
            1,
            "docs.npy"},
           {{"embed-text", "--encoder", "docs.encoder", "--input", "docs.jsonl", "--output",
             "x.bvecs"},
            2,
            "x.bvecs"},
           {{"search", "--index", "docs.index"}, 2, "--queries"},
           {{"search", "--index", "docs.index", "--text", "cat"}, 2, "--encoder"},
           {{"search", "--index", "docs.index", "--text", "cat", "--encoder", "docs.encoder",
             "--show", "name"},
            2,
            "--documents"},
           {{"search", "--index", "docs.index", "--text", "cat", "--encoder", "docs.encoder",
             "--documents", "few.jsonl"},
            2,
            "few.jsonl holds 1 texts"},
           {{"search", "--index", "docs.index", "--text", "cat", "--encoder", "docs.encoder", "--k",
             "61"},
            2,
            "k is 61"},
           {{"search", "--index", "wide.index", "--text", "cat", "--encoder", "docs.encoder"},
            2,
            "docs.encoder has dim 64, but the index wide.index has dim 65"}}) {
    const KithRun run = Run(bad.arguments);
    ExpectError(run, bad.exit_code, "kith " + bad.arguments[0]);
    EXPECT_THAT(run.err, HasSubstr(bad.word)) << bad.arguments.back();
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
  }
}

}  // namespace
}  // namespace kith
