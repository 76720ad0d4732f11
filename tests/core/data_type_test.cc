#include "core/data_type.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "core/half.h"

namespace kith {
namespace {

// These values stand in files.
static_assert(static_cast<int>(DataType::kF32) == 0 && static_cast<int>(DataType::kF16) == 1 &&
              static_cast<int>(DataType::kBf16) == 2 && static_cast<int>(DataType::kU8) == 3 &&
              static_cast<int>(DataType::kI8) == 4 && static_cast<int>(DataType::kI32) == 5);
static_assert(static_cast<int>(Metric::kL2) == 0 && static_cast<int>(Metric::kInnerProduct) == 1 &&
              static_cast<int>(Metric::kCosine) == 2);

TEST(DataTypeTest, BytesAreThoseOfTheElement) {
  EXPECT_EQ(DataTypeBytes(DataType::kF32), sizeof(float));
  EXPECT_EQ(DataTypeBytes(DataType::kF16), sizeof(F16));
  EXPECT_EQ(DataTypeBytes(DataType::kBf16), sizeof(Bf16));
  EXPECT_EQ(DataTypeBytes(DataType::kU8), 1u);
  EXPECT_EQ(DataTypeBytes(DataType::kI8), 1u);
  EXPECT_EQ(DataTypeBytes(DataType::kI32), sizeof(std::int32_t));
}

TEST(DataTypeTest, NamesParseBackToTheirType) {
  for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kBf16, DataType::kU8,
                              DataType::kI8, DataType::kI32}) {
    EXPECT_EQ(ParseDataType(DataTypeName(type)).value(), type);
  }
  EXPECT_EQ(DataTypeName(DataType::kBf16), "bf16");
}

TEST(DataTypeTest, UnknownNameListsTheKnownOnes) {
  const Result<DataType> type = ParseDataType("float");
  ASSERT_FALSE(type.ok());
  EXPECT_EQ(type.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(type.error().message, "unknown data type 'float'; known: f32, f16, bf16, u8, i8, i32");
}

TEST(MetricTest, NamesParseBackToTheirMetric) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    EXPECT_EQ(ParseMetric(MetricName(metric)).value(), metric);
  }
  EXPECT_EQ(MetricName(Metric::kInnerProduct), "ip");
}

TEST(MetricTest, UnknownNameListsTheKnownOnes) {
  for (const char* name : {"", "L2", "l2 ", "manhattan"}) {
    const Result<Metric> metric = ParseMetric(name);
    ASSERT_FALSE(metric.ok());
    EXPECT_EQ(metric.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(metric.error().message,
              "unknown metric '" + std::string(name) + "'; known: l2, ip, cosine");
  }
}

}  // namespace
}  // namespace kith
