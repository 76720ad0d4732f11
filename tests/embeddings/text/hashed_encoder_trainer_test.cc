#include "embeddings/text/hashed_encoder_trainer.h"

#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embeddings/text/encoder_model.h"
#include "embeddings/text/text_features.h"
#include "tests/embeddings/text/made_up_corpus.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

void ExpectEqual(const HashedEncoder& a, const HashedEncoder& b) {
  EXPECT_THAT(a.model().weights.features(),
              testing::ElementsAreArray(b.model().weights.features()));
  EXPECT_THAT(a.model().weights.counts(), testing::ElementsAreArray(b.model().weights.counts()));
  EXPECT_EQ(a.model().meta.learned_dim, b.model().meta.learned_dim);
  const Matrix<float>& x = a.model().rotation;
  const Matrix<float>& y = b.model().rotation;
  ASSERT_EQ(x.rows(), y.rows());
  for (std::size_t r = 0; r < x.rows(); ++r) {
    ASSERT_TRUE(std::ranges::equal(x.row(r), y.row(r))) << "row " << r;
  }
}

TEST(HashedEncoderTrainerTest, ThreadsAndBlocksDoNotChangeTheEncoder) {
  const MadeUpCorpus corpus(1500);
  HashedEncoderParams params = SmallEncoderParams();
  params.features_max = 2048;  // so small that features are dropped
  params.sample_documents_max = 300;
  const auto expected = TrainEncoderOn(corpus.views(), params, 1);
  ASSERT_TRUE(expected.ok());
  for (const std::size_t threads : {1, 2, 5}) {
    for (const std::size_t texts_a_call : {1u, 63u, 100'000u}) {
      const auto encoder = TrainEncoderOn(corpus.views(), params, threads, texts_a_call);
      ASSERT_TRUE(encoder.ok());
      ExpectEqual(encoder.value(), expected.value());
    }
  }
}

TEST(HashedEncoderTrainerTest, DocumentCountsAreThoseOfTheCorpus) {
  const std::vector<std::string_view> texts = {"red fox", "red red dog", "Fox, red fox"};
  const auto encoder = TrainEncoderOn(texts, SmallEncoderParams());
  ASSERT_TRUE(encoder.ok());
  const EncoderModel& model = encoder.value().model();
  const auto count = [&](std::uint64_t feature) -> std::uint32_t {
    const auto features = model.weights.features();
    const auto at = std::lower_bound(features.begin(), features.end(), feature);
    return at == features.end() || *at != feature ? 0
                                                  : model.weights.counts()[at - features.begin()];
  };
  EXPECT_EQ(model.meta.documents, 3u);
  EXPECT_EQ(count(WordFeature("red")), 3u);
  EXPECT_EQ(count(WordFeature("fox")), 2u);
  EXPECT_EQ(count(WordFeature("dog")), 1u);
  EXPECT_EQ(count(BigramFeature(WordFeature("red"), WordFeature("fox"))), 2u);
  EXPECT_EQ(count(BigramFeature(WordFeature("fox"), WordFeature("red"))), 1u);
  std::vector<std::uint64_t> grams;
  AppendGramFeatures("fox", grams);
  for (const std::uint64_t gram : grams) EXPECT_EQ(count(gram), 2u);
}

TEST(HashedEncoderTrainerTest, RareFeaturesAreLeftOutOfLargeCorporaOnly) {
  const MadeUpCorpus small(1000), large(1001);
  const auto lowest_count = [](const MadeUpCorpus& corpus) {
    const auto encoder = TrainEncoderOn(corpus.views(), SmallEncoderParams());
    return std::ranges::min(encoder.value().model().weights.counts());
  };
  EXPECT_EQ(lowest_count(small), 1u);
  EXPECT_EQ(lowest_count(large), 2u);
}

TEST(HashedEncoderTrainerTest, StatsTellWhatHappened) {
  ThreadPool pool(2);
  HashedEncoderParams params = SmallEncoderParams();
  params.sample_documents_max = 50;
  HashedEncoderTrainer trainer = HashedEncoderTrainer::Create(params).value();
  const MadeUpCorpus corpus(200);
  std::vector<std::string_view> texts = corpus.views();
  texts.insert(texts.begin() + 10, {"", "!?"});
  ASSERT_TRUE(trainer.Add(texts, pool, Cancellation::Never()).ok());
  ASSERT_TRUE(trainer.Finish(pool, Cancellation::Never(), Progress::None()).ok());
  EXPECT_EQ(trainer.stats().documents, 202u);
  EXPECT_EQ(trainer.stats().documents_without_features, 2u);
  EXPECT_EQ(trainer.stats().features_dropped, 0u);
  EXPECT_GT(trainer.stats().features_held, 500u);
  EXPECT_GE(trainer.stats().sample_documents, 48u);
  EXPECT_LE(trainer.stats().sample_documents, 50u);
}

TEST(HashedEncoderTrainerTest, ACorpusOfOneDocumentTrains) {
  const std::vector<std::string_view> texts = {"a single document about sparse projections"};
  const auto encoder = TrainEncoderOn(texts, SmallEncoderParams());
  ASSERT_TRUE(encoder.ok()) << encoder.error().message;
  EXPECT_EQ(encoder.value().model().meta.learned_dim, 0u);
  const std::vector<float> vector = VectorOf(encoder.value(), texts[0]);
  EXPECT_NEAR(CosineOf(vector, vector), 1, 1e-6);
  EXPECT_GT(CosineOf(vector, VectorOf(encoder.value(), "sparse projections")), 0.4);
  EXPECT_LT(CosineOf(vector, VectorOf(encoder.value(), "zebra crossing")), 0.6);
}

TEST(HashedEncoderTrainerTest, ManyEqualDocumentsTrain) {
  const std::vector<std::string_view> texts(500, "always the same few words");
  const auto encoder = TrainEncoderOn(texts, SmallEncoderParams());
  ASSERT_TRUE(encoder.ok()) << encoder.error().message;
  const std::vector<float> known = VectorOf(encoder.value(), texts[0]);
  EXPECT_NEAR(CosineOf(known, known), 1, 1e-6);
  EXPECT_LT(CosineOf(known, VectorOf(encoder.value(), "something else")), 0.9);
}

TEST(HashedEncoderTrainerTest, ACorpusWithoutWordsIsAnError) {
  for (const std::vector<std::string_view>& texts :
       {std::vector<std::string_view>{}, {"", "  ", "?!"}}) {
    const auto encoder = TrainEncoderOn(texts, SmallEncoderParams());
    ASSERT_FALSE(encoder.ok());
    EXPECT_EQ(encoder.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(encoder.error().message, HasSubstr("expected a document with a letter or digit"));
  }
}

TEST(HashedEncoderTrainerTest, ParametersAreChecked) {
  const auto message = [](auto change) {
    HashedEncoderParams params;
    change(params);
    const auto trainer = HashedEncoderTrainer::Create(params);
    return trainer.ok() ? std::string("no error") : trainer.error().message;
  };
  using Params = HashedEncoderParams;
  EXPECT_EQ(message([](Params& p) { p.dim = 0; }),
            "text encoder: dim: expected 1 to 1024, found 0");
  EXPECT_EQ(message([](Params& p) { p.dim = 1025; }),
            "text encoder: dim: expected 1 to 1024, found 1025");
  EXPECT_THAT(message([](Params& p) { p.columns = 368; }), HasSubstr("from dim to 65536"));
  EXPECT_THAT(message([](Params& p) { p.columns = 4097; }), HasSubstr("a multiple of 16"));
  EXPECT_THAT(message([](Params& p) { p.columns = 65552; }), HasSubstr("found 65552"));
  EXPECT_THAT(message([](Params& p) { p.learned_percent = 101; }), HasSubstr("0 to 100"));
  EXPECT_THAT(message([](Params& p) { p.bigram_weight = -1; }), HasSubstr("bigram_weight"));
  EXPECT_THAT(message([](Params& p) { p.gram_weight = std::numeric_limits<float>::quiet_NaN(); }),
              HasSubstr("gram_weight: expected 0 to 100, found nan"));
  EXPECT_THAT(message([](Params& p) { p.tf_quarters = 0; }), HasSubstr("tf_quarters"));
  EXPECT_THAT(message([](Params& p) { p.idf_quarters = 9; }), HasSubstr("idf_quarters"));
  EXPECT_THAT(message([](Params& p) { p.features_max = 1023; }), HasSubstr("features_max"));
  EXPECT_THAT(message([](Params& p) { p.sample_documents_max = 0; }), HasSubstr("sample_docu"));
  EXPECT_THAT(message([](Params& p) { p.iterations = 0; }), HasSubstr("iterations"));
  EXPECT_EQ(message([](Params&) {}), "no error");
}

TEST(HashedEncoderTrainerTest, CancellationStopsIt) {
  const MadeUpCorpus corpus(100);
  ThreadPool pool(1);
  Cancellation cancellation;
  HashedEncoderTrainer trainer = HashedEncoderTrainer::Create(SmallEncoderParams()).value();
  ASSERT_TRUE(trainer.Add(corpus.views(), pool, cancellation).ok());
  cancellation.Request();
  const Status added = trainer.Add(corpus.views(), pool, cancellation);
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, ErrorCode::kCancelled);
  const auto encoder = trainer.Finish(pool, cancellation, Progress::None());
  ASSERT_FALSE(encoder.ok());
  EXPECT_EQ(encoder.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace kith
