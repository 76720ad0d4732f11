#include "bench/curve.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kith {
namespace {

CurvePoint Point(double recall, double qps) {
  CurvePoint point;
  point.recall = recall;
  point.qps = qps;
  return point;
}

TEST(CurveTest, EnvelopeLeavesOutPointsBeatenInBoth) {
  const auto envelope =
      UpperEnvelope({Point(0.9, 100), Point(0.8, 90), Point(0.95, 50), Point(0.93, 50)});
  ASSERT_EQ(envelope.size(), 2u);
  EXPECT_EQ(envelope[0].recall, 0.9);
  EXPECT_EQ(envelope[1].recall, 0.95);
}

TEST(CurveTest, EnvelopeKeepsTheFasterOfEqualRecalls) {
  const auto envelope = UpperEnvelope({Point(0.9, 100), Point(0.9, 120), Point(0.9, 80)});
  ASSERT_EQ(envelope.size(), 1u);
  EXPECT_EQ(envelope[0].qps, 120);
}

TEST(CurveTest, QpsIsLinearInItsLogarithmBetweenTwoPoints) {
  const std::vector<CurvePoint> envelope = {Point(0.9, 1000), Point(0.94, 10)};
  const QpsAtRecall half = InterpolateQps(envelope, 0.92);
  EXPECT_EQ(half.kind, QpsAtRecall::Kind::kInterpolated);
  EXPECT_NEAR(half.qps, 100, 1e-6);
  EXPECT_NEAR(InterpolateQps(envelope, 0.91).qps, std::sqrt(1000.0 * 100.0), 1e-6);
}

TEST(CurveTest, QpsAtAMeasuredRecallIsThatPoints) {
  const std::vector<CurvePoint> envelope = {Point(0.9, 1000), Point(0.94, 10)};
  EXPECT_EQ(InterpolateQps(envelope, 0.9).qps, 1000);
  EXPECT_EQ(InterpolateQps(envelope, 0.9).kind, QpsAtRecall::Kind::kInterpolated);
  EXPECT_EQ(InterpolateQps(envelope, 0.94).qps, 10);
}

TEST(CurveTest, QpsBelowTheEasiestSettingIsOnlyALowerBound) {
  const QpsAtRecall easy = InterpolateQps(std::vector{Point(0.9, 1000), Point(0.94, 10)}, 0.8);
  EXPECT_EQ(easy.kind, QpsAtRecall::Kind::kAtLeast);
  EXPECT_EQ(easy.qps, 1000);
}

TEST(CurveTest, QpsAboveTheBestRecallIsNotInvented) {
  const QpsAtRecall none = InterpolateQps(std::vector{Point(0.9, 1000), Point(0.94, 10)}, 0.95);
  EXPECT_EQ(none.kind, QpsAtRecall::Kind::kNotReached);
  EXPECT_EQ(none.qps, 0);
  EXPECT_EQ(InterpolateQps({}, 0.5).kind, QpsAtRecall::Kind::kNotReached);
}

TEST(CurveTest, MedianOfAnEvenCountIsTheMeanOfTheMiddle) {
  EXPECT_EQ(Median({3}), 3);
  EXPECT_EQ(Median({9, 1, 4}), 4);
  EXPECT_EQ(Median({9, 1, 4, 6}), 5);
}

}  // namespace
}  // namespace kith
