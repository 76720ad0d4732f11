#include "core/half.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "core/simd_target.h"

namespace kith {
namespace {

// What 16 bits mean, from the definition of binary16: 1 sign, 5 exponent, 10 mantissa bits.
double F16ByDefinition(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31) {
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  return exponent == 0 ? sign * std::ldexp(mantissa, -24)
                       : sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(HalfTest, EveryF16MeansWhatTheDefinitionSays) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const double expected = F16ByDefinition(bits);
    const float actual = ToFloat(F16{static_cast<std::uint16_t>(bits)});
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(actual)) << bits;
    } else {
      ASSERT_EQ(actual, expected) << bits;
      ASSERT_EQ(std::signbit(actual), (bits & 0x8000) != 0) << bits;
    }
  }
}

TEST(HalfTest, EveryF16SurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const F16 half{static_cast<std::uint16_t>(bits)};
    if (std::isnan(ToFloat(half))) continue;
    ASSERT_EQ(ToF16(ToFloat(half)).bits, half.bits) << bits;
  }
}

// The neighbours of each boundary between two halves: nearest wins, ties go to the even one.
TEST(HalfTest, F16RoundsToNearestEven) {
  for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const std::uint16_t low = bits, high = bits + 1;
    const float middle =
        static_cast<float>((F16ByDefinition(low) + F16ByDefinition(high)) / 2);  // exact
    const std::uint16_t even = low % 2 == 0 ? low : high;
    ASSERT_EQ(ToF16(middle).bits, even) << bits;
    ASSERT_EQ(ToF16(std::nextafter(middle, 0.0f)).bits, low) << bits;
    ASSERT_EQ(ToF16(std::nextafter(middle, 1e6f)).bits, high) << bits;
    ASSERT_EQ(ToF16(-middle).bits, even | 0x8000) << bits;
  }
}

TEST(HalfTest, F16OverflowsToInfinityFrom65520) {
  EXPECT_EQ(ToF16(65519.99f).bits, 0x7bff);
  EXPECT_EQ(ToF16(65520.0f).bits, 0x7c00);
  EXPECT_EQ(ToF16(-1e30f).bits, 0xfc00);
  EXPECT_EQ(ToF16(std::numeric_limits<float>::infinity()).bits, 0x7c00);
  EXPECT_TRUE(std::isnan(ToFloat(ToF16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_EQ(ToF16(std::numeric_limits<float>::denorm_min()).bits, 0);
}

TEST(HalfTest, Bf16RoundsToNearestEven) {
  for (std::uint32_t upper = 0; upper < 0x7f80; ++upper) {
    const auto with = [&](std::uint32_t lower) {
      return ToBf16(std::bit_cast<float>(upper << 16 | lower)).bits;
    };
    ASSERT_EQ(with(0), upper);
    ASSERT_EQ(with(0x7fff), upper);
    ASSERT_EQ(with(0x8000), upper + upper % 2);
    ASSERT_EQ(with(0x8001), upper + 1);
  }
  EXPECT_EQ(ToBf16(std::numeric_limits<float>::max()).bits, 0x7f80) << "overflow is infinity";
  EXPECT_TRUE(std::isnan(ToFloat(ToBf16(std::bit_cast<float>(0x7fffffffu)))));
  EXPECT_EQ(ToFloat(Bf16{0xc000}), -2.0f);
}

class HalfArrayTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, HalfArrayTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

TEST_P(HalfArrayTest, ArraysFromHalvesAgreeWithSingleValuesBitByBit) {
  std::vector<F16> f16(65536);
  std::vector<Bf16> bf16(65536);
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    f16[bits].bits = bf16[bits].bits = static_cast<std::uint16_t>(bits);
  }
  std::vector<float> from_f16(65536), from_bf16(65536);
  ToFloat(f16, from_f16);
  ToFloat(bf16, from_bf16);
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(from_f16[bits]),
              std::bit_cast<std::uint32_t>(ToFloat(f16[bits])))
        << bits;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(from_bf16[bits]),
              std::bit_cast<std::uint32_t>(ToFloat(bf16[bits])))
        << bits;
  }
}

TEST_P(HalfArrayTest, ArraysToHalvesAgreeWithSingleValuesBitByBit) {
  std::vector<float> values;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {  // each half, its rounding boundaries
    const float exact = ToFloat(F16{static_cast<std::uint16_t>(bits)});
    for (const std::int32_t step : {0, 0x0fff, 0x1000, 0x1001}) {
      values.push_back(std::bit_cast<float>(std::bit_cast<std::uint32_t>(exact) + step));
    }
  }
  std::mt19937 generator(1);
  for (int i = 0; i < 100000; ++i) {  // any bits, NaN with payload included
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(generator())));
  }
  std::vector<F16> f16(values.size());
  std::vector<Bf16> bf16(values.size());
  ToF16(values, f16);
  ToBf16(values, bf16);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(f16[i].bits, ToF16(values[i]).bits) << std::bit_cast<std::uint32_t>(values[i]);
    ASSERT_EQ(bf16[i].bits, ToBf16(values[i]).bits) << std::bit_cast<std::uint32_t>(values[i]);
  }
}

TEST_P(HalfArrayTest, EverySizeIsConvertedWholeAndNothingBehindIt) {
  for (std::size_t size = 0; size <= 70; ++size) {
    const std::vector<float> values(size, 1.5f);
    std::vector<F16> f16(size + 1, F16{0x1234});
    std::vector<Bf16> bf16(size + 1, Bf16{0x1234});
    ToF16(values, std::span(f16).first(size));
    ToBf16(values, std::span(bf16).first(size));
    std::vector<float> f16_back(size + 1, 9.0f), bf16_back(size + 1, 9.0f);
    ToFloat(std::span(f16).first(size), std::span(f16_back).first(size));
    ToFloat(std::span(bf16).first(size), std::span(bf16_back).first(size));
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(f16_back[i], 1.5f);
      ASSERT_EQ(bf16_back[i], 1.5f);
    }
    ASSERT_EQ(f16[size].bits, 0x1234);
    ASSERT_EQ(bf16[size].bits, 0x1234);
    ASSERT_EQ(f16_back[size], 9.0f);
    ASSERT_EQ(bf16_back[size], 9.0f);
  }
}

}  // namespace
}  // namespace kith
