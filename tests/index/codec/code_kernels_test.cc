#include "index/codec/code_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "core/simd_target.h"
#include "index/codec/hadamard_kernels.h"
#include "index/codec/nibbles.h"
#include "index/codec/quantize_kernels.h"

namespace kith {
namespace {

// Runs each test on every instruction set of this machine.
class CodeKernelsTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, CodeKernelsTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& param) { return param.param; });

std::vector<std::uint8_t> RandomBytes(std::size_t count, std::uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.Below(256));
  return bytes;
}

constexpr std::size_t kCodes = 9;

TEST_P(CodeKernelsTest, NibbleSumsAreExactForEveryCountOfCodes) {
  for (const std::size_t lines : {1, 2, 7, 32}) {
    const std::vector<std::uint8_t> codes = RandomBytes(kCodes * lines * 64, lines);
    std::vector<std::int8_t> query;
    for (const std::uint8_t byte : RandomBytes(lines * 128, 99)) {
      query.push_back(static_cast<std::int8_t>(byte == 128 ? 127 : byte));
    }
    const std::vector<std::uint32_t> ids = {8, 0, 3, 3, 7, 1, 2, 4, 5};
    for (std::size_t count = 1; count <= ids.size(); ++count) {
      std::vector<std::int32_t> l2(count + 1, -1), dot(count + 1, -1);
      Nibble4L2(query.data(), lines, {codes.data(), lines * 64}, ids.data(), count, l2.data());
      Nibble4Dot(query.data(), lines, {codes.data(), lines * 64}, ids.data(), count, dot.data());
      for (std::size_t i = 0; i < count; ++i) {
        std::int64_t expected_dot = 0, arc = 0;
        for (std::size_t d = 0; d < lines * 128; ++d) {
          const int c = NibbleAt(&codes[ids[i] * lines * 64], d);
          expected_dot += c * query[d];
          arc += c * (15 - c);
        }
        EXPECT_EQ(dot[i], expected_dot);
        EXPECT_EQ(l2[i], expected_dot + 4 * arc);
      }
      EXPECT_EQ(l2[count], -1) << "wrote beyond its count";
      EXPECT_EQ(dot[count], -1) << "wrote beyond its count";
    }
  }
}

TEST_P(CodeKernelsTest, ByteSumsAreExactAtTheirBounds) {
  for (const std::size_t dims : {64, 128, 832, 1024, 1088, 4096}) {
    std::vector<std::uint8_t> codes = RandomBytes(kCodes * dims, dims);
    std::fill(codes.begin(), codes.begin() + dims, 255);           // code 0: all ones
    std::fill(codes.begin() + dims, codes.begin() + 2 * dims, 0);  // code 1: zeros
    RandomStream random(dims, 3);
    for (const bool extreme : {false, true}) {
      std::vector<std::int16_t> l2_query(dims), dot_query(dims);
      for (std::size_t d = 0; d < dims; ++d) {
        l2_query[d] = static_cast<std::int16_t>(extreme ? -2055 : int(random.Below(6151)) - 2055);
        dot_query[d] =
            static_cast<std::int16_t>(extreme ? 32767 : int(random.Below(65535)) - 32767);
      }
      const std::vector<std::uint32_t> ids = {0, 1, 8, 5, 5};
      std::vector<std::int64_t> l2(ids.size()), dot(ids.size());
      Byte8L2(l2_query.data(), dims, {codes.data(), dims}, ids.data(), ids.size(), l2.data());
      Byte8Dot(dot_query.data(), dims, {codes.data(), dims}, ids.data(), ids.size(), dot.data());
      for (std::size_t i = 0; i < ids.size(); ++i) {
        std::int64_t expected_l2 = 0, expected_dot = 0;
        for (std::size_t d = 0; d < dims; ++d) {
          const std::int64_t c = codes[ids[i] * dims + d];
          expected_l2 += (8 * c - l2_query[d]) * (8 * c - l2_query[d]);
          expected_dot += c * dot_query[d];
        }
        EXPECT_EQ(l2[i], expected_l2) << dims << " dims, code " << ids[i];
        EXPECT_EQ(dot[i], expected_dot) << dims << " dims, code " << ids[i];
      }
    }
  }
}

TEST_P(CodeKernelsTest, UnpackedNibblesStandForTheCode) {
  const std::vector<std::uint8_t> code = RandomBytes(3 * 64, 5);
  std::vector<std::int8_t> query(3 * 128);
  UnpackNibbles(code.data(), 3, query.data());
  for (std::size_t d = 0; d < query.size(); ++d) {
    EXPECT_EQ(query[d], 8 * NibbleAt(code.data(), d) - 60);
  }
}

TEST_P(CodeKernelsTest, QuantizingRoundsToNearestEvenAndStaysInBounds) {
  for (const std::size_t count : {1, 3, 4, 15, 16, 17, 63, 100}) {
    RandomStream random(count, 4);
    std::vector<float> values(count), mean(count);
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = static_cast<float>(random.Normal() * 60);
      mean[i] = static_cast<float>(random.Normal());
    }
    values[0] = 400;
    std::vector<std::int8_t> bytes(count + 1, 77);
    const QuantizedSums sums = QuantizeToBytes(values.data(), count, 0.5f, bytes.data());
    std::vector<std::int16_t> shorts(count + 1, 77);
    QuantizeToShorts(values.data(), mean.data(), count, {1.0f, 8.0f, -700, 900}, shorts.data());
    std::vector<std::uint8_t> levels(count + 1, 77);
    NibbleLevels(values.data(), count, 12.0f, levels.data());
    int linear = 0;
    double square = 0, error = 0;
    float largest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const float y = values[i] * 0.5f;
      EXPECT_EQ(bytes[i], std::clamp(std::nearbyint(y), -127.0f, 127.0f));
      linear += bytes[i];
      square += double(y) * y;
      largest = std::max(largest, std::abs(values[i]));
      const float z = std::clamp((values[i] - mean[i] - 1.0f) * 8.0f, -700.0f, 900.0f);
      EXPECT_EQ(shorts[i], std::nearbyint(z));
      EXPECT_NEAR(levels[i], std::clamp(values[i] / 12.0f + 7.5f, 0.0f, 15.0f), 0.501f);
      const double off = values[i] - (levels[i] - 7.5) * 12.0;
      error += off * off;
    }
    EXPECT_EQ(sums.linear, linear);
    EXPECT_NEAR(sums.square, square, 1e-4 * square);
    EXPECT_EQ(LargestMagnitude(values.data(), count), largest);
    EXPECT_NEAR(NibbleError(values.data(), count, 12.0f), error, 1e-3 * error);
    EXPECT_EQ(bytes[count], 77);
    EXPECT_EQ(shorts[count], 77);
    EXPECT_EQ(levels[count], 77);
  }
}

TEST_P(CodeKernelsTest, WholeBytesAreRecognised) {
  for (const std::size_t count : {1, 16, 33}) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i * 7 % 256);
    std::vector<std::uint8_t> bytes(count);
    EXPECT_TRUE(ToWholeBytes(values.data(), count, bytes.data()));
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(bytes[i], values[i]);
    for (const float bad : {0.5f, -1.0f, 256.0f, 254.99f}) {
      std::vector<float> spoiled = values;
      spoiled[count - 1] = bad;
      EXPECT_FALSE(ToWholeBytes(spoiled.data(), count, bytes.data())) << bad;
    }
  }
}

TEST_P(CodeKernelsTest, HadamardMatchesItsDefinition) {
  for (const std::size_t size : {1, 2, 4, 8, 16, 64, 256}) {
    RandomStream random(size, 6);
    std::vector<float> values(size);
    for (float& x : values) x = static_cast<float>(random.Normal());
    std::vector<float> transformed = values;
    Hadamard(transformed.data(), size);
    for (std::size_t i = 0; i < size; ++i) {
      double expected = 0;
      for (std::size_t j = 0; j < size; ++j) {
        expected += (__builtin_popcountll(i & j) % 2 == 0 ? 1 : -1) * values[j];
      }
      EXPECT_NEAR(transformed[i], expected, 1e-4 * static_cast<double>(size));
    }
  }
}

}  // namespace
}  // namespace kith
