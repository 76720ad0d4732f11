#include "core/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace kith {
namespace {

using Words = std::array<std::uint32_t, 4>;

// The three vectors that Random123 publishes for philox4x32-10 (kat_vectors).
TEST(RandomTest, PhiloxMatchesThePublishedVectors) {
  EXPECT_EQ(Philox(0, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox(~0ull, ~0ull, ~0ull), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// The table of docs/formats.md, "Random numbers".
TEST(RandomTest, RandomHashMatchesTheDocumentedVectors) {
  EXPECT_EQ(RandomHash(0, 0, 0), 0xe169c58d6627e8d5);
  EXPECT_EQ(RandomHash(0, 0, 1), 0x5cb200dbf8e4cca4);
  EXPECT_EQ(RandomHash(0, 1, 0), 0xf08d6eaa844515e1);
  EXPECT_EQ(RandomHash(1, 0, 0), 0xe50a0ebce3e80670);
  EXPECT_EQ(RandomHash(42, 7, 9), 0x0edc439441fbb9c6);
  EXPECT_EQ(RandomHash(~0ull, ~0ull, ~0ull), 0x41c83b0e408f276d);
  EXPECT_EQ(RandomHash(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88),
            0x94fdccebd16cfe09);
}

// The same table: the first values of RandomStream(42, 0), to the last bit.
TEST(RandomTest, StreamMatchesTheDocumentedValues) {
  RandomStream uniform(42, 0), below(42, 0), normal(42, 0);
  for (const double expected : {0x1.dfd524ee73abcp-2, 0x1.4ee9b3f7f36c8p-2, 0x1.510ebb97a6d8p-1}) {
    EXPECT_EQ(uniform.Uniform(), expected);
  }
  for (const std::uint64_t expected : {468, 327, 658, 670}) {
    EXPECT_EQ(below.Below(1000), expected);
  }
  for (const double expected :
       {-0x1.0c00dff6c2db9p-1, -0x1.66d5a2125598bp-1, -0x1.07f702e3b57a4p-1}) {
    EXPECT_EQ(normal.Normal(), expected);
  }
}

TEST(RandomTest, EveryArgumentChangesAboutHalfOfTheBits) {
  const std::uint64_t reference = RandomHash(42, 7, 9);
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t flip = std::uint64_t{1} << bit;
    for (const std::uint64_t other :
         {RandomHash(42 ^ flip, 7, 9), RandomHash(42, 7 ^ flip, 9), RandomHash(42, 7, 9 ^ flip)}) {
      const int changed = __builtin_popcountll(reference ^ other);
      EXPECT_GE(changed, 12) << "bit " << bit;
      EXPECT_LE(changed, 52) << "bit " << bit;
    }
  }
}

TEST(RandomTest, StreamIsTheHashOfItsPosition) {
  RandomStream stream(42, 5);
  for (std::uint64_t position = 0; position < 100; ++position) {
    EXPECT_EQ(stream(), RandomHash(42, 5, position));
  }
}

TEST(RandomTest, StreamsOfOneSeedDiffer) {
  std::set<std::uint64_t> values;
  for (std::uint64_t number = 0; number < 100; ++number) {
    RandomStream stream(42, number);
    for (int i = 0; i < 100; ++i) values.insert(stream());
  }
  EXPECT_EQ(values.size(), 10000u);
}

TEST(RandomTest, UniformIsTheTop53BitsAsAFraction) {
  RandomStream stream(3, 1);
  for (std::uint64_t position = 0; position < 1000; ++position) {
    const double value = stream.Uniform();
    EXPECT_GE(value, 0.0);
    EXPECT_LT(value, 1.0);
    EXPECT_EQ(value * 0x1p53, static_cast<double>(RandomHash(3, 1, position) >> 11));
  }
}

double ChiSquare(const std::vector<int>& counts, int draws) {
  const double expected = static_cast<double>(draws) / static_cast<double>(counts.size());
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// Quantile 0.999 of chi-square (Wilson and Hilferty's approximation), so that each of these
// fixed seeds passes by a wide margin or shows a fault.
double ChiSquareLimit(double freedom) {
  const double z = 3.09, a = 2.0 / (9.0 * freedom);
  return freedom * std::pow(1.0 - a + z * std::sqrt(a), 3);
}

TEST(RandomTest, BelowFillsEveryResultEvenly) {
  for (const std::uint64_t bound : {2u, 3u, 7u, 10u, 100u, 257u}) {
    RandomStream stream(11, bound);
    std::vector<int> counts(bound);
    const int draws = static_cast<int>(bound) * 1000;
    for (int i = 0; i < draws; ++i) {
      const std::uint64_t value = stream.Below(bound);
      ASSERT_LT(value, bound);
      ++counts[value];
    }
    EXPECT_LT(ChiSquare(counts, draws), ChiSquareLimit(static_cast<double>(bound - 1)))
        << "bound " << bound;
  }
}

// With a bound of 3/4 of 2^64 the plain product would give every third result twice as often:
// residues 0, 1, 2 modulo 3 in proportion 2:1:1.
TEST(RandomTest, BelowHasNoBiasForBoundsNearTheWordSize) {
  const std::uint64_t bound = 3ull << 62;
  RandomStream stream(11, 1);
  std::vector<int> residues(3), thirds(3);
  constexpr int kDraws = 30000;
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t value = stream.Below(bound);
    ASSERT_LT(value, bound);
    ++residues[value % 3];
    ++thirds[value >> 62];
  }
  EXPECT_LT(ChiSquare(residues, kDraws), ChiSquareLimit(2));
  EXPECT_LT(ChiSquare(thirds, kDraws), ChiSquareLimit(2));
}

TEST(RandomTest, BelowOneIsZeroAndBelowTheLargestBoundWorks) {
  RandomStream stream(1, 1);
  EXPECT_EQ(stream.Below(1), 0u);
  EXPECT_LT(stream.Below(~0ull), ~0ull);
}

TEST(RandomTest, NormalHasTheMomentsOfAStandardNormal) {
  RandomStream stream(2024, 0);
  constexpr int kDraws = 200000;
  double sum1 = 0, sum2 = 0, sum3 = 0, sum4 = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.Normal();
    ASSERT_TRUE(std::isfinite(x));
    sum1 += x, sum2 += x * x, sum3 += x * x * x, sum4 += x * x * x * x;
  }
  // Five standard errors of each mean: variances 1, 2, 15, 96.
  const double error = 5 / std::sqrt(kDraws);
  EXPECT_NEAR(sum1 / kDraws, 0, error);
  EXPECT_NEAR(sum2 / kDraws, 1, error * std::sqrt(2));
  EXPECT_NEAR(sum3 / kDraws, 0, error * std::sqrt(15));
  EXPECT_NEAR(sum4 / kDraws, 3, error * std::sqrt(96));
}

TEST(RandomTest, NormalIsBoxMullerOfItsTwoDraws) {
  RandomStream stream(8, 3), draws(8, 3);
  for (int i = 0; i < 100000; ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - draws.Uniform()));
    const double cosine = std::cos(2 * std::numbers::pi * draws.Uniform());
    ASSERT_NEAR(stream.Normal(), radius * cosine, 4e-15) << "value " << i;
  }
}

TEST(RandomTest, NormalTakesTwoDraws) {
  RandomStream stream(8, 2);
  stream.Normal();
  EXPECT_EQ(stream(), RandomHash(8, 2, 2));
}

TEST(RandomTest, WorksAsAStandardGenerator) {
  std::vector<int> cards(52);
  for (int i = 0; i < 52; ++i) cards[i] = i;
  std::shuffle(cards.begin(), cards.end(), RandomStream(1, 1));
  EXPECT_FALSE(std::is_sorted(cards.begin(), cards.end()));
  std::sort(cards.begin(), cards.end());
  for (int i = 0; i < 52; ++i) EXPECT_EQ(cards[i], i);
}

}  // namespace
}  // namespace kith
