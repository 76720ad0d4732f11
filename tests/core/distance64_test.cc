#include "core/distance64.h"

#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "core/simd_target.h"

namespace kith {
namespace {

const std::size_t kDims[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100, 784, 4096};

std::vector<float> RandomFloats(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& x : values) x = normal(generator) * std::exp2(static_cast<float>(generator() % 40));
  return values;
}

class Distance64Test : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, Distance64Test, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

TEST_P(Distance64Test, MatchesTheDefinitionInLongDouble) {
  for (const std::size_t dim : kDims) {
    const std::vector<float> a = RandomFloats(dim, 1), b = RandomFloats(dim, 2);
    long double l2 = 0, dot = 0, absolute = 0;
    for (std::size_t i = 0; i < dim; ++i) {
      const long double x = a[i], y = b[i];
      l2 += (x - y) * (x - y);
      dot += x * y;
      absolute += std::abs(x * y);
    }
    const double bound = (static_cast<double>(dim) / 8 + 6) * 0x1p-53;
    EXPECT_NEAR(SquaredL2InF64(a.data(), b.data(), dim), l2, bound * l2) << dim;
    EXPECT_NEAR(DotInF64(a.data(), b.data(), dim), dot, bound * absolute) << dim;
  }
}

// The order that the header promises, written out.
TEST_P(Distance64Test, GivesTheBitsOfEightPartialSums) {
  for (const std::size_t dim : kDims) {
    const std::vector<float> a = RandomFloats(dim, 3), b = RandomFloats(dim, 4);
    volatile double l2[8] = {}, dot[8] = {};  // volatile: each step is rounded to f64
    for (std::size_t i = 0; i < dim; ++i) {
      const volatile double difference = double{a[i]} - b[i];
      const volatile double square = difference * difference, product = double{a[i]} * b[i];
      l2[i % 8] = l2[i % 8] + square;
      dot[i % 8] = dot[i % 8] + product;
    }
    const auto fold = [](const volatile double* s) {
      return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    };
    EXPECT_EQ(SquaredL2InF64(a.data(), b.data(), dim), fold(l2)) << dim;
    EXPECT_EQ(DotInF64(a.data(), b.data(), dim), fold(dot)) << dim;
  }
}

TEST_P(Distance64Test, RowsOfEveryTypeAreConvertedExactly) {
  for (const std::size_t dim : kDims) {
    const std::vector<float> query = RandomFloats(dim, 5);
    std::vector<std::uint8_t> u8(dim);
    std::vector<std::int8_t> i8(dim);
    std::vector<F16> f16(dim);
    std::vector<Bf16> bf16(dim);
    std::vector<float> values(dim);
    for (std::size_t i = 0; i < dim; ++i) {
      u8[i] = static_cast<std::uint8_t>(i * 37), i8[i] = static_cast<std::int8_t>(i * 91);
      values[i] = static_cast<float>(i) / 7 - 3;
    }
    ToF16(values, f16);
    ToBf16(values, bf16);
    const auto check = [&](DataType type, const auto& elements, auto as_float) {
      std::vector<float> row(dim);
      for (std::size_t i = 0; i < dim; ++i) row[i] = as_float(elements[i]);
      const VectorRows rows(elements.data(), type, 1, dim);
      const double l2 = SquaredL2InF64(query.data(), row.data(), dim);
      const double dot = DotInF64(query.data(), row.data(), dim);
      EXPECT_EQ(DistanceInF64(Metric::kL2, query.data(), rows, 0), l2) << DataTypeName(type);
      EXPECT_EQ(DistanceInF64(Metric::kInnerProduct, query.data(), rows, 0), -dot);
      EXPECT_EQ(DistanceInF64(Metric::kCosine, query.data(), rows, 0), 1 - dot);
    };
    check(DataType::kF32, values, [](float x) { return x; });
    check(DataType::kF16, f16, [](F16 x) { return ToFloat(x); });
    check(DataType::kBf16, bf16, [](Bf16 x) { return ToFloat(x); });
    check(DataType::kU8, u8, [](std::uint8_t x) { return static_cast<float>(x); });
    check(DataType::kI8, i8, [](std::int8_t x) { return static_cast<float>(x); });
  }
}

}  // namespace
}  // namespace kith
