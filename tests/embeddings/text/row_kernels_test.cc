#include "embeddings/text/row_kernels.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "core/simd_target.h"

namespace kith {
namespace {

class RowKernelsTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, RowKernelsTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

std::vector<float> RandomFloats(std::size_t count, std::uint64_t stream) {
  RandomStream random(3, stream);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.Normal());
  return values;
}

// One rounded product and one rounded sum after the other, whatever the compiler would like.
[[gnu::optimize("fp-contract=off")]] float Step(float sum, float scale, float value) {
  volatile float product = scale * value;
  return sum + product;
}

TEST_P(RowKernelsTest, SumHasTheBitsOfTheDefinition) {
  for (const std::size_t width : {16, 32, 48, 64, 112, 128, 144, 256, 384, 400, 1024}) {
    const std::size_t stride = width + 16, rows = 37;
    const std::vector<float> matrix = RandomFloats(rows * stride, width);
    for (const std::size_t count : {0, 1, 2, 3, 50}) {
      RandomStream random(9, count);
      std::vector<ScaledRow> terms;
      for (std::size_t i = 0; i < count; ++i) {
        terms.push_back(
            {static_cast<std::uint32_t>(random.Below(rows)), static_cast<float>(random.Normal())});
      }
      std::vector<float> out(width + 1, 77.0f);
      SumScaledRows(matrix.data(), stride, terms, width, out.data());
      for (std::size_t j = 0; j < width; ++j) {
        float expected = 0;
        for (const ScaledRow& term : terms) {
          expected = Step(expected, term.scale, matrix[term.row * stride + j]);
        }
        ASSERT_EQ(out[j], expected) << width << " x " << count << " at " << j;
      }
      EXPECT_EQ(out[width], 77.0f) << "written behind the end";
    }
  }
}

TEST_P(RowKernelsTest, AddHasTheBitsOfTheDefinition) {
  for (const std::size_t width : {16, 32, 48, 384, 1024}) {
    const std::vector<float> row = RandomFloats(width, 1), before = RandomFloats(width + 1, 2);
    std::vector<float> out = before;
    AddScaledRow(row.data(), 0.3f, width, out.data());
    for (std::size_t j = 0; j < width; ++j) {
      ASSERT_EQ(out[j], Step(before[j], 0.3f, row[j])) << width << " at " << j;
    }
    EXPECT_EQ(out[width], before[width]);
  }
}

}  // namespace
}  // namespace kith
