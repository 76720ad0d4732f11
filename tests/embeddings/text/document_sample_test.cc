#include "embeddings/text/document_sample.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

std::vector<std::string> Sample(std::uint64_t seed, std::uint64_t documents,
                                std::uint64_t documents_max, std::uint64_t bytes_max) {
  DocumentSample sample(seed, documents_max, bytes_max);
  for (std::uint64_t i = 0; i < documents; ++i) sample.Offer(i, std::to_string(i));
  return sample.Take();
}

TEST(DocumentSampleTest, EverythingIsTakenBelowTheLimits) {
  std::vector<std::string> texts = Sample(1, 50, 50, 1000);
  EXPECT_EQ(texts.size(), 50u);
  EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 50u);
  EXPECT_FALSE(std::is_sorted(texts.begin(), texts.end())) << "order should be random";
}

TEST(DocumentSampleTest, ASmallerSampleIsTheHeadOfALargerOne) {
  const std::vector<std::string> large = Sample(1, 5000, 1000, 1 << 20);
  const std::vector<std::string> small = Sample(1, 5000, 100, 1 << 20);
  ASSERT_EQ(large.size(), 1000u);
  EXPECT_EQ(small, std::vector<std::string>(large.begin(), large.begin() + 100));
}

TEST(DocumentSampleTest, BytesAreLimited) {
  std::size_t bytes = 0;
  const std::vector<std::string> texts = Sample(1, 5000, 5000, 300);
  for (const std::string& text : texts) bytes += text.size();
  EXPECT_LE(bytes, 300u);
  EXPECT_GT(bytes, 290u);
  DocumentSample sample(1, 10, 5);
  sample.Offer(0, "longer than the limit");
  EXPECT_THAT(sample.Take(), testing::IsEmpty());
}

TEST(DocumentSampleTest, EveryPartOfTheStreamIsDrawnFrom) {
  double mean = 0;
  const std::vector<std::string> texts = Sample(3, 100'000, 1000, 1 << 20);
  for (const std::string& text : texts) mean += std::stod(text) / 1000;
  EXPECT_NEAR(mean, 50'000, 5 * 100'000 / std::sqrt(12.0 * 1000));
}

TEST(DocumentSampleTest, SeedsGiveDifferentSamples) {
  EXPECT_NE(Sample(1, 1000, 100, 1 << 20), Sample(2, 1000, 100, 1 << 20));
}

}  // namespace
}  // namespace kith
