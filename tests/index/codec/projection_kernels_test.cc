#include "index/codec/projection_kernels.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "core/simd_target.h"

namespace kith {
namespace {

class ProjectionKernelsTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, ProjectionKernelsTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

std::vector<float> Normals(std::size_t count, std::uint64_t stream) {
  RandomStream random(1, stream);
  std::vector<float> values(count);
  for (float& x : values) x = static_cast<float>(random.Normal());
  return values;
}

// The definition, with products rounded before they are added.
std::uint8_t Quantized(float difference, float inverse) {
  const volatile float scaled = difference * inverse;
  return static_cast<std::uint8_t>(128 + std::nearbyint(scaled));
}

TEST_P(ProjectionKernelsTest, DifferencesAreRoundedToTheNearestStep) {
  for (const std::size_t size : {1, 3, 7, 15, 16, 17, 63, 64, 65, 128, 200, 784}) {
    const std::size_t padded = (size + 63) / 64 * 64;
    const std::vector<float> vector = Normals(size, size);
    std::vector<float> mean = Normals(padded, 1000 + size);
    std::vector<std::uint8_t> bytes(padded, 7);
    const float step = QuantizeDifference(vector, mean, bytes);
    float largest = 0;
    for (std::size_t i = 0; i < size; ++i) {
      largest = std::max(largest, std::abs(vector[i] - mean[i]));
    }
    EXPECT_EQ(step, largest / 127.0f);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(bytes[i], Quantized(vector[i] - mean[i], 127.0f / largest)) << i << " of " << size;
    }
    for (std::size_t i = size; i < padded; ++i) ASSERT_EQ(bytes[i], 128) << i << " of " << size;
  }
}

TEST_P(ProjectionKernelsTest, HalvesAreRoundedToEven) {
  const std::vector<float> vector = {127, 0.5f, 1.5f, -0.5f, -1.5f, 2.5f, -127};
  const std::vector<float> mean(64, 0.0f);
  std::vector<std::uint8_t> bytes(64);
  EXPECT_EQ(QuantizeDifference(vector, mean, bytes), 1.0f);
  bytes.resize(7);
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{255, 128, 130, 128, 126, 130, 1}));
}

TEST_P(ProjectionKernelsTest, EqualAndNearlyEqualVectorsHaveNoStep) {
  for (const float difference : {0.0f, 1e-40f}) {
    const std::vector<float> vector(10, difference), mean(64, 0.0f);
    std::vector<std::uint8_t> bytes(64, 7);
    EXPECT_EQ(QuantizeDifference(vector, mean, bytes), 0.0f);
    EXPECT_EQ(bytes, std::vector<std::uint8_t>(64, 128));
  }
}

TEST_P(ProjectionKernelsTest, ByteProductsAreExact) {
  RandomStream random(1, 1);
  for (const std::size_t rows : {8, 16, 40}) {
    for (const std::size_t cols : {64, 128, 832}) {
      std::vector<std::uint8_t> bytes(cols);
      for (auto& x : bytes) x = static_cast<std::uint8_t>(random.Below(256));
      Matrix<std::int8_t> matrix(rows, cols);
      for (std::size_t i = 0; i < rows * cols; ++i) {
        matrix.data()[i] = static_cast<std::int8_t>(static_cast<int>(random.Below(256)) - 128);
      }
      std::vector<std::int32_t> sums(rows, 7);
      MultiplyBytes(bytes, matrix.view(), sums);
      for (std::size_t r = 0; r < rows; ++r) {
        std::int32_t expected = 0;
        for (std::size_t i = 0; i < cols; ++i) expected += bytes[i] * matrix.row(r)[i];
        ASSERT_EQ(sums[r], expected) << r << " of " << rows << " x " << cols;
      }
    }
  }
}

TEST_P(ProjectionKernelsTest, ByteProductsOfTheLargestValuesDoNotOverflow) {
  constexpr std::size_t kCols = 65536;
  const std::vector<std::uint8_t> bytes(kCols, 255);
  Matrix<std::int8_t> matrix(8, kCols);
  for (std::size_t i = 0; i < 8 * kCols; ++i) matrix.data()[i] = i / kCols % 2 == 0 ? 127 : -128;
  std::vector<std::int32_t> sums(8);
  MultiplyBytes(bytes, matrix.view(), sums);
  for (std::size_t r = 0; r < 8; ++r) EXPECT_EQ(sums[r], 65536 * 255 * (r % 2 == 0 ? 127 : -128));
}

TEST_P(ProjectionKernelsTest, WeightedRowsAreAddedInOrder) {
  for (const std::size_t size : {1, 5, 16, 63, 64, 65, 100, 200}) {
    const std::size_t padded = (size + 63) / 64 * 64;
    Matrix<std::int8_t> matrix(24, padded);
    RandomStream random(2, size);
    for (std::size_t i = 0; i < 24 * padded; ++i) {
      matrix.data()[i] = static_cast<std::int8_t>(static_cast<int>(random.Below(256)) - 128);
    }
    const std::vector<float> weights = Normals(24, 3), start = Normals(size, 4);
    std::vector<float> vector = start;
    AddWeightedByteRows(weights, matrix.view(), vector);
    for (std::size_t i = 0; i < size; ++i) {
      volatile float sum = start[i];
      for (std::size_t r = 0; r < 24; ++r) {
        const volatile float product = weights[r] * static_cast<float>(matrix.row(r)[i]);
        sum = sum + product;
      }
      ASSERT_EQ(vector[i], sum) << i << " of " << size;
    }
  }
}

}  // namespace
}  // namespace kith
