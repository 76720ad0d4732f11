#include "engine/jobs/text_jobs.h"

#include <atomic>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/vector_file.h"
#include "tests/fault_injection.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kDocuments[] = {
    "play chess against a strong engine",  "chess engine with a graphical board",
    "relational database server",          "SQL database client and server",
    "convert video files between formats", "edit and cut video on a timeline"};

class TextJobsTest : public ::testing::Test {
 protected:
  TextJobsTest() {
    train_.input.path = WriteDocuments("docs.jsonl", {kDocuments, kDocuments + 6});
    train_.output = folder_ / "docs.encoder";
    train_.encoder.dim = 64;
    train_.encoder.columns = 512;
    embed_.encoder = train_.output;
    embed_.input = train_.input;
    embed_.output = folder_ / "docs.fvecs";
  }

  std::string WriteDocuments(std::string_view name, const std::vector<std::string>& texts) {
    std::string lines;
    for (const std::string& text : texts) {
      lines += name.ends_with(".jsonl") ? "{\"text\": \"" + text + "\"}\n" : text + "\n";
    }
    return folder_.Write(name, lines);
  }

  Result<TrainEncoderReport> Train() {
    return TrainEncoder(train_, pool_, cancellation_, Progress::None());
  }
  Result<EmbedTextReport> Embed() {
    return EmbedText(embed_, pool_, cancellation_, Progress::None());
  }

  TemporaryFolder folder_;
  ThreadPool pool_{2};
  Cancellation cancellation_;
  TrainEncoderParams train_;
  EmbedTextParams embed_;
};

TEST_F(TextJobsTest, TrainingAndEmbeddingReportTheirCounts) {
  const auto trained = Train();
  ASSERT_TRUE(trained.ok()) << trained.error().message;
  EXPECT_EQ(trained.value().documents, 6u);
  EXPECT_EQ(trained.value().documents_without_features, 0u);
  EXPECT_EQ(trained.value().dim, 64u);
  EXPECT_EQ(trained.value().sample_documents, 6u);
  EXPECT_GT(trained.value().features, 100u);
  EXPECT_GE(trained.value().features_seen, trained.value().features);
  EXPECT_EQ(trained.value().encoder_bytes, folder_.Read("docs.encoder").size());
  std::uint64_t bytes = 0;
  for (const char* const text : kDocuments) bytes += std::string_view(text).size();
  EXPECT_EQ(trained.value().text_bytes, bytes);
  EXPECT_GT(trained.value().seconds, 0);
  EXPECT_GT(trained.value().documents_per_s, 0);
  EXPECT_GT(trained.value().peak_resident_bytes, 1u << 20);

  const auto embedded = Embed();
  ASSERT_TRUE(embedded.ok()) << embedded.error().message;
  EXPECT_EQ(embedded.value().documents, 6u);
  EXPECT_EQ(embedded.value().dim, 64u);
  EXPECT_EQ(embedded.value().text_bytes, bytes);
  EXPECT_EQ(WarningOf(embedded.value()), "");
  const auto vectors = ReadAllF32(embed_.output, 1 << 20);
  ASSERT_TRUE(vectors.ok());
  EXPECT_EQ(vectors.value().rows(), 6u);
  EXPECT_EQ(vectors.value().cols(), 64u);
}

TEST_F(TextJobsTest, AQueryIsNearestToTheDocumentsAboutIt) {
  ASSERT_TRUE(Train().ok());
  ASSERT_TRUE(Embed().ok());
  const Matrix<float> vectors = ReadAllF32(embed_.output, 1 << 20).value();
  const std::vector<std::pair<const char*, std::size_t>> expected = {
      {"chess", 0}, {"databases", 1}, {"video conversion", 2}};
  for (const auto& [text, topic] : expected) {
    const auto query = EmbedQuery(train_.output, text);
    ASSERT_TRUE(query.ok());
    EXPECT_TRUE(query.value().found.has_known_features);
    std::size_t nearest = 0;
    float best = -2;
    for (std::size_t row = 0; row < vectors.rows(); ++row) {
      float cosine = 0;
      for (std::size_t j = 0; j < vectors.cols(); ++j) {
        cosine += vectors.row(row)[j] * query.value().vector[j];
      }
      if (cosine > best) best = cosine, nearest = row;
    }
    EXPECT_EQ(nearest / 2, topic) << text;
  }
}

TEST_F(TextJobsTest, ADocumentAsAQueryHasTheVectorOfItsRow) {
  ASSERT_TRUE(Train().ok());
  ASSERT_TRUE(Embed().ok());
  const Matrix<float> vectors = ReadAllF32(embed_.output, 1 << 20).value();
  const auto query = EmbedQuery(train_.output, kDocuments[3]);
  ASSERT_TRUE(query.ok());
  const auto row = vectors.row(3);
  EXPECT_EQ(query.value().vector, std::vector<float>(row.begin(), row.end()));
}

TEST_F(TextJobsTest, ThreadsDoNotChangeAByte) {
  // More than one block of 4096 texts.
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) {
    texts.push_back(std::string(kDocuments[i % 6]) + " " + std::to_string(i * i % 777));
  }
  train_.input.path = embed_.input.path = WriteDocuments("many.jsonl", texts);
  train_.if_exists = embed_.if_exists = OutputFile::IfExists::kReplace;
  std::string encoder, vectors;
  for (const std::size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    ASSERT_TRUE(TrainEncoder(train_, pool, cancellation_, Progress::None()).ok());
    ASSERT_TRUE(EmbedText(embed_, pool, cancellation_, Progress::None()).ok());
    if (encoder.empty()) {
      encoder = folder_.Read("docs.encoder");
      vectors = folder_.Read("docs.fvecs");
      EXPECT_EQ(vectors.size(), 5000u * (4 + 64 * 4));
    }
    EXPECT_EQ(folder_.Read("docs.encoder"), encoder) << threads;
    EXPECT_EQ(folder_.Read("docs.fvecs"), vectors) << threads;
  }
}

TEST_F(TextJobsTest, FormatFollowsTheExtensionUnlessGiven) {
  train_.input.path = WriteDocuments("docs.txt", {kDocuments, kDocuments + 6});
  ASSERT_TRUE(Train().ok());
  const std::string from_lines = folder_.Read("docs.encoder");
  train_.if_exists = OutputFile::IfExists::kReplace;
  train_.input.path = folder_ / "docs.jsonl";
  ASSERT_TRUE(Train().ok());
  EXPECT_EQ(folder_.Read("docs.encoder"), from_lines) << "the same texts";

  train_.input.format = TextFormat::kPlainLines;  // braces and quotes separate, "text" is a word
  const auto report = Train();
  ASSERT_TRUE(report.ok());
  EXPECT_GT(report.value().text_bytes, 6 * std::string_view("{\"text\": \"\"}").size());
  EXPECT_NE(folder_.Read("docs.encoder"), from_lines);
  train_.input.path = folder_ / "docs.txt";
  train_.input.format = TextFormat::kJsonl;
  const auto wrong = Train();
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, HasSubstr("docs.txt:1: expected one JSON object"));
}

TEST_F(TextJobsTest, FieldsAreChosenAndMayBeMissing) {
  train_.input.path = folder_.Write("two.jsonl",
                                    "{\"title\": \"chess\", \"body\": \"a game\"}\n"
                                    "{\"title\": \"sql\"}\n");
  train_.input.fields = {"title", "body"};
  const auto missing = Train();
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr("two.jsonl:2: no field \"body\""));
  train_.input.allow_missing_fields = true;
  const auto report = Train();
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report.value().text_bytes, std::string_view("chess a gamesql").size());
}

TEST_F(TextJobsTest, TextsWithoutWordsAreCountedAndNamed) {
  ASSERT_TRUE(Train().ok());
  std::vector<std::string> texts(30, "chess");
  for (int i = 0; i < 12; ++i) texts[static_cast<std::size_t>(2 * i + 1)] = i % 2 == 0 ? "" : "?!";
  texts[28] = "\xE6\x95\xB0";
  embed_.input.path = WriteDocuments("odd.jsonl", texts);
  const auto report = Embed();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report.value().documents, 30u);
  EXPECT_EQ(report.value().documents_without_features, 12u);
  EXPECT_THAT(report.value().rows_without_features, ElementsAre(1, 3, 5, 7, 9, 11, 13, 15, 17, 19));
  EXPECT_EQ(report.value().documents_without_known_features, 1u);
  EXPECT_EQ(WarningOf(report.value()),
            "12 texts have no letter or digit and share one vector, near to no other: rows 1, 3, "
            "5, 7, 9, 11, 13, 15, 17, 19, ...; 1 texts have no word that the encoder knows: was "
            "it trained on other texts?");
  const Matrix<float> vectors = ReadAllF32(embed_.output, 1 << 20).value();
  for (std::size_t row = 0; row < vectors.rows(); ++row) {
    double squares = 0;
    for (const float value : vectors.row(row)) squares += double{value} * value;
    EXPECT_NEAR(squares, 1, 1e-6) << "a cosine index must accept row " << row;
  }
}

TEST_F(TextJobsTest, AnEmptyInputEmbedsToAFileWithoutRows) {
  ASSERT_TRUE(Train().ok());
  embed_.input.path = folder_.Write("empty.jsonl", "\n\n");
  embed_.output = folder_ / "empty.npy";
  const auto report = Embed();
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report.value().documents, 0u);
  EXPECT_EQ(VectorReader::Open(embed_.output).value()->info().rows, 0u);
}

TEST_F(TextJobsTest, InputsWithoutWordsAreRefused) {
  for (const char* const lines : {"", "{\"text\": \"...\"}\n"}) {
    train_.input.path = folder_.Write("empty.jsonl", lines);
    const auto report = Train();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(report.error().message,
                AllOf(HasSubstr("empty.jsonl"), HasSubstr("a letter or digit")));
  }
  EXPECT_THAT(folder_.List(), testing::Not(testing::Contains("docs.encoder")));
}

TEST_F(TextJobsTest, ExistingOutputsAreKeptUnlessToldOtherwise) {
  folder_.Write("docs.encoder", "precious");
  const auto refused = Train();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(refused.error().message, HasSubstr("docs.encoder"));
  EXPECT_EQ(folder_.Read("docs.encoder"), "precious");
  train_.if_exists = OutputFile::IfExists::kReplace;
  ASSERT_TRUE(Train().ok());

  folder_.Write("docs.fvecs", "precious");
  const auto refused_vectors = Embed();
  ASSERT_FALSE(refused_vectors.ok());
  EXPECT_EQ(refused_vectors.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(folder_.Read("docs.fvecs"), "precious");
  embed_.if_exists = OutputFile::IfExists::kReplace;
  EXPECT_TRUE(Embed().ok());
}

TEST_F(TextJobsTest, AnOutputThatCannotBeWrittenIsFoundBeforeReading) {
  train_.output = folder_ / "no/such/folder/x";
  train_.input.path = folder_.Write("bad.jsonl", "{\"text\": 7}\n");
  const auto report = Train();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("no/such/folder"));
}

TEST_F(TextJobsTest, AFaultInTheMiddleLeavesNoOutput) {
  ASSERT_TRUE(Train().ok());
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "{\"text\": \"chess\"}\n";
  embed_.input.path = folder_.Write("bad.jsonl", lines + "{\"text\": ");
  const auto report = Embed();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("bad.jsonl:5001: "));
  EXPECT_THAT(folder_.List(), ElementsAre("bad.jsonl", "docs.encoder", "docs.jsonl"));
}

TEST_F(TextJobsTest, AFullDiskIsAnErrorThatLeavesNothing) {
  SmallDisk disk(64 << 10);
  if (!disk.available()) GTEST_SKIP() << SmallDisk::kSkip;
  train_.output = disk.folder() / "docs.encoder";  // the rotation alone takes 128 KiB
  const auto report = Train();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kIoError);
  EXPECT_THAT(report.error().message, HasSubstr("No space left on device"));
  EXPECT_THAT(disk.folder().List(), IsEmpty());
}

TEST_F(TextJobsTest, CancellationLeavesNoOutput) {
  ASSERT_TRUE(Train().ok());
  cancellation_.Request();
  const auto embedded = Embed();
  ASSERT_FALSE(embedded.ok());
  EXPECT_EQ(embedded.error().code, ErrorCode::kCancelled);
  train_.output = folder_ / "second.encoder";
  const auto trained = Train();
  ASSERT_FALSE(trained.ok());
  EXPECT_EQ(trained.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(folder_.List(), ElementsAre("docs.encoder", "docs.jsonl"));
}

TEST_F(TextJobsTest, ProgressAddsUpToTheInput) {
  class Recorder : public Progress {
   public:
    void Start(std::string_view stage, std::uint64_t total) override {
      stages.emplace_back(stage);
      totals.push_back(total);
      done.push_back(0);
    }
    void Advance(std::uint64_t items) override { done.back() += items; }
    void Finish() override {}
    std::vector<std::string> stages;
    std::vector<std::uint64_t> totals, done;
  };
  Recorder training, embedding;
  ASSERT_TRUE(TrainEncoder(train_, pool_, cancellation_, training).ok());
  EXPECT_THAT(training.stages, ElementsAre("count features", "learn rotation"));
  EXPECT_EQ(training.done, training.totals);
  EXPECT_EQ(training.totals[0], folder_.Read("docs.jsonl").size());
  ASSERT_TRUE(EmbedText(embed_, pool_, cancellation_, embedding).ok());
  EXPECT_THAT(embedding.stages, ElementsAre("embed"));
  EXPECT_EQ(embedding.done, embedding.totals);
}

TEST_F(TextJobsTest, EncoderFilesThatAreNoneAreRefused) {
  embed_.encoder = folder_.Write("x", "not an encoder");
  EXPECT_FALSE(Embed().ok());
  const auto query = EmbedQuery(folder_ / "absent", "chess");
  ASSERT_FALSE(query.ok());
  EXPECT_EQ(query.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(folder_.List(), testing::Not(testing::Contains("docs.fvecs")));
}

}  // namespace
}  // namespace kith
