#include "embeddings/text/hashed_encoder.h"

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/simd_target.h"
#include "tests/embeddings/text/made_up_corpus.h"

namespace kith {
namespace {

class HashedEncoderTest : public ::testing::Test {
 protected:
  HashedEncoder Train(const HashedEncoderParams& params = SmallEncoderParams()) {
    auto encoder = TrainEncoderOn(corpus_.views(), params);
    EXPECT_TRUE(encoder.ok()) << encoder.error().message;
    return std::move(encoder).value();
  }

  // Of the first documents.
  std::vector<std::vector<float>> VectorsOf(const HashedEncoder& encoder, std::size_t count) {
    HashedEncoder::Scratch scratch(encoder);
    std::vector<std::vector<float>> vectors(count, std::vector<float>(encoder.dim()));
    for (std::size_t d = 0; d < count; ++d) {
      encoder.Encode(corpus_.texts()[d], vectors[d], scratch);
    }
    return vectors;
  }

  MadeUpCorpus corpus_{1200};
};

TEST_F(HashedEncoderTest, EveryVectorHasLengthOne) {
  const HashedEncoder encoder = Train();
  for (const std::string_view text :
       {"", "...", "x", "zzzzqq unknown 9", "\xFF\xFE", "\xE6\x95\xB0\xE6\x8D\xAE"}) {
    const std::vector<float> vector = VectorOf(encoder, text);
    EXPECT_NEAR(CosineOf(vector, vector), 1, 1e-6) << text;
  }
  for (const std::vector<float>& vector : VectorsOf(encoder, corpus_.texts().size())) {
    ASSERT_NEAR(CosineOf(vector, vector), 1, 1e-6);
  }
}

TEST_F(HashedEncoderTest, WhatIsFoundInATextIsTold) {
  const HashedEncoder encoder = Train();
  HashedEncoder::Scratch scratch(encoder);
  std::vector<float> vector(encoder.dim());
  const auto found = [&](std::string_view text) { return encoder.Encode(text, vector, scratch); };
  EXPECT_FALSE(found("").has_features);
  EXPECT_FALSE(found("?! --").has_features);
  EXPECT_FALSE(found("?! --").has_known_features);
  EXPECT_TRUE(found("\xE6\x95\xB0").has_features);
  EXPECT_FALSE(found("\xE6\x95\xB0").has_known_features);
  EXPECT_TRUE(found(corpus_.texts()[0]).has_features);
  EXPECT_TRUE(found(corpus_.texts()[0]).has_known_features);
}

TEST_F(HashedEncoderTest, TextsWithoutWordsShareAVectorNearToNone) {
  const HashedEncoder encoder = Train();
  const std::vector<float> reserved = VectorOf(encoder, "");
  EXPECT_EQ(VectorOf(encoder, " ... "), reserved);
  for (const std::vector<float>& vector : VectorsOf(encoder, corpus_.texts().size())) {
    ASSERT_LT(CosineOf(vector, reserved), 0.75);
  }
}

TEST_F(HashedEncoderTest, UnknownTextsAreEqualOnlyToThemselves) {
  const HashedEncoder encoder = Train();
  const std::vector<float> a = VectorOf(encoder, "\xE6\x95\xB0\xE6\x8D\xAE");
  EXPECT_EQ(VectorOf(encoder, "\xE6\x95\xB0\xE6\x8D\xAE"), a);
  EXPECT_LT(CosineOf(VectorOf(encoder, "\xE5\xBA\x93\xE5\xAD\x97"), a), 0.7);
}

TEST_F(HashedEncoderTest, TheSameTextHasTheSameBitsWhateverCameBefore) {
  const HashedEncoder encoder = Train();
  HashedEncoder::Scratch warm(encoder);
  std::vector<float> vector(encoder.dim());
  // Twice, so that the second time most words come from the cache.
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < corpus_.texts().size(); i += 17) {
      encoder.Encode(corpus_.texts()[i], vector, warm);
      ASSERT_EQ(vector, VectorOf(encoder, corpus_.texts()[i])) << i;
    }
  }
}

TEST_F(HashedEncoderTest, TheSameTextHasTheSameBitsOnEveryThread) {
  const HashedEncoder encoder = Train();
  const std::vector<std::vector<float>> expected = VectorsOf(encoder, 200);
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::vector<int> equal(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      HashedEncoder::Scratch scratch(encoder);
      std::vector<float> vector(encoder.dim());
      for (int i = 0; i < 200; ++i) {
        const int text = (i * (2 * t + 1)) % 200;
        encoder.Encode(corpus_.texts()[text], vector, scratch);
        if (vector == expected[text]) ++equal[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(equal, testing::Each(200));
}

TEST_F(HashedEncoderTest, EveryInstructionSetGivesTheSameBits) {
  std::vector<float> expected;
  for (const std::string& target : SimdTargets()) {
    ASSERT_TRUE(UseSimdTarget(target));
    const std::vector<float> vector = VectorOf(Train(), corpus_.texts()[5]);
    if (expected.empty()) expected = vector;
    EXPECT_EQ(vector, expected) << target;
  }
  UseSimdTarget("");
}

TEST_F(HashedEncoderTest, DocumentsOfATopicAreNearerThanOthers) {
  const HashedEncoder encoder = Train();
  const std::vector<std::vector<float>> vectors = VectorsOf(encoder, 400);
  double same = 0, other = 0;
  int same_count = 0, other_count = 0, nearest_of_topic = 0;
  for (std::size_t topic = 0; topic < 8; ++topic) {
    for (std::uint64_t fresh = 0; fresh < 5; ++fresh) {  // not trained on
      const std::vector<float> query =
          VectorOf(encoder, corpus_.Document(topic, 1'000'000 + topic * 10 + fresh));
      double best = -1;
      std::size_t best_document = 0;
      for (std::size_t d = 0; d < vectors.size(); ++d) {
        const double cosine = CosineOf(query, vectors[d]);
        (corpus_.topic(d) == topic ? same : other) += cosine;
        ++(corpus_.topic(d) == topic ? same_count : other_count);
        if (cosine > best) best = cosine, best_document = d;
      }
      if (corpus_.topic(best_document) == topic) ++nearest_of_topic;
    }
  }
  EXPECT_GT(same / same_count, other / other_count + 0.3);
  EXPECT_GE(nearest_of_topic, 38) << "of 40";
}

TEST_F(HashedEncoderTest, AMisspelledWordStaysNear) {
  const HashedEncoder encoder = Train();
  int nearer = 0;
  for (std::uint64_t word = 1000; word < 1020; ++word) {
    std::string misspelled = corpus_.Word(word);
    misspelled.insert(2, 1, 'x');
    const double to_itself =
        CosineOf(VectorOf(encoder, corpus_.Word(word)), VectorOf(encoder, misspelled));
    const double to_another =
        CosineOf(VectorOf(encoder, corpus_.Word(word + 2000)), VectorOf(encoder, misspelled));
    if (to_itself > to_another) ++nearer;
  }
  EXPECT_GE(nearer, 17) << "of 20";
}

TEST_F(HashedEncoderTest, RareWordsDecideOverFrequentOnes) {
  // "the" is in every document, "falcon" in few: a shared "falcon" brings texts nearer.
  std::vector<std::string> texts;
  texts.reserve(600);
  for (int i = 0; i < 600; ++i) {
    texts.push_back("the " + corpus_.Word(static_cast<std::uint64_t>(i % 60)) +
                    (i % 60 == 0 ? " falcon" : ""));
  }
  HashedEncoderParams params = SmallEncoderParams();
  params.dim = 256;
  params.learned_percent = 0;
  const auto encoder = TrainEncoderOn({texts.begin(), texts.end()}, params);
  ASSERT_TRUE(encoder.ok());
  const std::vector<float> query = VectorOf(encoder.value(), "the falcon");
  const double rare = CosineOf(query, VectorOf(encoder.value(), "falcon " + corpus_.Word(70)));
  const double frequent = CosineOf(query, VectorOf(encoder.value(), "the " + corpus_.Word(70)));
  EXPECT_GT(rare, frequent + 0.3);
  EXPECT_GT(CosineOf(query, VectorOf(encoder.value(), "falcon")), 0.95);
}

TEST_F(HashedEncoderTest, WordOrderMattersLittleAndNotAtAllWithoutBigrams) {
  HashedEncoderParams params = SmallEncoderParams();
  const std::string text = corpus_.Word(1001) + " " + corpus_.Word(1002) + " " + corpus_.Word(1003);
  const std::string turned =
      corpus_.Word(1003) + " " + corpus_.Word(1001) + " " + corpus_.Word(1002);
  EXPECT_GT(CosineOf(VectorOf(Train(), text), VectorOf(Train(), turned)), 0.7);
  params.bigram_weight = 0;
  const HashedEncoder encoder = Train(params);
  EXPECT_NEAR(CosineOf(VectorOf(encoder, text), VectorOf(encoder, turned)), 1, 1e-6);
}

TEST_F(HashedEncoderTest, SeedsGiveUnrelatedVectorsOfLikeGeometry) {
  HashedEncoderParams params = SmallEncoderParams();
  const HashedEncoder first = Train(params);
  params.seed = 43;
  const HashedEncoder second = Train(params);
  const auto a = VectorsOf(first, 60), b = VectorsOf(second, 60);
  EXPECT_NE(a[0], b[0]);
  for (std::size_t i = 0; i + 8 < a.size(); ++i) {
    EXPECT_NEAR(CosineOf(a[i], a[i + 8]), CosineOf(b[i], b[i + 8]), 0.35) << i;
  }
}

TEST_F(HashedEncoderTest, VeryLongTextsAreEncoded) {
  const HashedEncoder encoder = Train();
  std::string text;
  while (text.size() < (std::size_t{4} << 20)) text += corpus_.texts()[text.size() % 1000] + "\n";
  const std::vector<float> vector = VectorOf(encoder, text);
  EXPECT_NEAR(CosineOf(vector, vector), 1, 1e-6);
  // A text said twice has the direction of the text said once, but for one bigram.
  const std::string once = corpus_.texts()[3];
  EXPECT_GT(CosineOf(VectorOf(encoder, once), VectorOf(encoder, once + " " + once)), 0.98);
  const std::string blob(std::size_t{1} << 20, 'a');
  const std::vector<float> of_blob = VectorOf(encoder, blob);
  EXPECT_NEAR(CosineOf(of_blob, of_blob), 1, 1e-6);
}

TEST_F(HashedEncoderTest, DimsFromOneToTheMaximumWork) {
  for (const std::uint32_t dim : {1u, 2u, 15u, 16u, 17u, 100u, 512u}) {
    HashedEncoderParams params = SmallEncoderParams();
    params.dim = dim;
    const HashedEncoder encoder = Train(params);
    ASSERT_EQ(encoder.dim(), dim);
    const std::vector<float> vector = VectorOf(encoder, corpus_.texts()[1]);
    ASSERT_EQ(vector.size(), dim);
    EXPECT_NEAR(CosineOf(vector, vector), 1, 1e-6);
  }
}

}  // namespace
}  // namespace kith
