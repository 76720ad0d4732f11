#include "index/calibration.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

Calibration Curve() {
  return Calibration({{10, 20, 0.90, 100},
                      {10, 40, 0.96, 200},
                      {10, 80, 0.99, 300},
                      {1, 10, 0.90, 50},
                      {1, 20, 0.99, 60},
                      {100, 100, 0.90, 900},
                      {100, 200, 0.97, 1000}});
}

TEST(CalibrationTest, TakesTheLeastSettingThatReachesTheTarget) {
  EXPECT_EQ(Curve().EfSearchFor(0.90, 10), 20u);
  EXPECT_EQ(Curve().EfSearchFor(0.99, 10), 80u);
  EXPECT_EQ(Curve().EfSearchFor(0.5, 10), 20u);
}

TEST(CalibrationTest, InterpolatesBetweenPoints) {
  const std::uint32_t ef = Curve().EfSearchFor(0.95, 10);
  EXPECT_GT(ef, 30u);
  EXPECT_LT(ef, 40u);
}

TEST(CalibrationTest, ATargetAboveTheCurveGetsItsEnd) {
  EXPECT_EQ(Curve().EfSearchFor(0.9999, 10), 80u);
}

TEST(CalibrationTest, OtherKLieBetweenTheCalibrated) {
  const std::uint32_t at_10 = Curve().EfSearchFor(0.9, 10), at_100 = Curve().EfSearchFor(0.9, 100);
  const std::uint32_t at_55 = Curve().EfSearchFor(0.9, 55);
  EXPECT_GT(at_55, at_10);
  EXPECT_LT(at_55, at_100);
  EXPECT_EQ(Curve().EfSearchFor(0.9, 200), 2 * at_100);
  EXPECT_GE(Curve().EfSearchFor(0.1, 5000), 5000u);
}

TEST(CalibrationTest, WithoutPointsADefaultAtLeastTwiceK) {
  EXPECT_EQ(Calibration().EfSearchFor(0.95, 10), kEfSearchDefault);
  EXPECT_EQ(Calibration().EfSearchFor(0.95, 100), 200u);
}

TEST(CalibrationTest, ComesBackFromBytes) {
  ByteWriter writer;
  Curve().Save(writer);
  ByteReader reader(writer.bytes(), "test");
  const auto loaded = Calibration::Load(reader);
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded.value().points().size(), 7u);
  EXPECT_EQ(loaded.value().points()[0].k, 1u);
  EXPECT_EQ(loaded.value().EfSearchFor(0.95, 10), Curve().EfSearchFor(0.95, 10));
}

TEST(CalibrationTest, PointsOutOfRangeAreCorruption) {
  for (const CalibrationPoint& bad :
       {CalibrationPoint{7, 20, 0.9, 1}, CalibrationPoint{10, 5, 0.9, 1},
        CalibrationPoint{10, 20, 1.5, 1}}) {
    ByteWriter writer;
    Calibration({bad}).Save(writer);
    ByteReader reader(writer.bytes(), "test");
    const auto loaded = Calibration::Load(reader);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, ErrorCode::kCorruption);
  }
}

}  // namespace
}  // namespace kith
