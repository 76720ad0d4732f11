#include "embeddings/text/word_cache.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

constexpr std::size_t kWidth = 16;

TEST(WordCacheTest, WhatWasAdmittedIsFound) {
  WordCache cache(kWidth, 64 * kWidth * sizeof(float));
  EXPECT_EQ(cache.Find(4), nullptr);
  float* const vector = cache.Admit(4);
  ASSERT_NE(vector, nullptr);
  vector[0] = 1.5f;
  ASSERT_NE(cache.Find(4), nullptr);
  EXPECT_EQ(cache.Find(4)[0], 1.5f);
  EXPECT_EQ(cache.Find(8), nullptr);
}

TEST(WordCacheTest, AFrequentWordIsNotPushedOutByRareOnes) {
  WordCache cache(kWidth, kWidth * sizeof(float));  // one place
  ASSERT_NE(cache.Admit(4), nullptr);
  for (int i = 0; i < 5; ++i) ASSERT_NE(cache.Find(4), nullptr);
  for (std::uint64_t rare = 8; rare < 28; rare += 4) {
    EXPECT_EQ(cache.Find(rare), nullptr);
    EXPECT_EQ(cache.Admit(rare), nullptr);
  }
  EXPECT_NE(cache.Find(4), nullptr);
}

TEST(WordCacheTest, AWordNoLongerMetGivesWay) {
  WordCache cache(kWidth, kWidth * sizeof(float));
  ASSERT_NE(cache.Admit(4), nullptr);
  for (int i = 0; i < 1000; ++i) ASSERT_NE(cache.Find(4), nullptr);
  int refused = 0;
  while (cache.Admit(8) == nullptr) ASSERT_LT(++refused, 100);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(cache.Find(4), nullptr);
  EXPECT_NE(cache.Find(8), nullptr);
}

TEST(WordCacheTest, NoWordIsFoundInAnEmptyPlace) {
  WordCache cache(kWidth, 1);  // less than a vector: still one place
  EXPECT_EQ(cache.Find(0), nullptr) << "0 is the id of a word";
}

}  // namespace
}  // namespace kith
