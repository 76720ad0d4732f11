#include "bench/curve.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kith {

std::vector<CurvePoint> UpperEnvelope(std::vector<CurvePoint> points) {
  std::sort(points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
    return a.recall != b.recall ? a.recall > b.recall : a.qps > b.qps;
  });
  std::vector<CurvePoint> envelope;
  for (const CurvePoint& point : points) {
    if (envelope.empty() || point.qps > envelope.back().qps) envelope.push_back(point);
  }
  std::reverse(envelope.begin(), envelope.end());
  return envelope;
}

QpsAtRecall InterpolateQps(std::span<const CurvePoint> envelope, double recall) {
  using enum QpsAtRecall::Kind;
  if (envelope.empty() || envelope.back().recall < recall) return {kNotReached, 0};
  if (envelope.front().recall > recall) return {kAtLeast, envelope.front().qps};
  const auto above = std::find_if(envelope.begin(), envelope.end(),
                                  [&](const CurvePoint& point) { return point.recall >= recall; });
  if (above->recall == recall || above == envelope.begin()) return {kInterpolated, above->qps};
  const CurvePoint& low = *(above - 1);
  const double share = (recall - low.recall) / (above->recall - low.recall);
  return {kInterpolated, std::exp((1 - share) * std::log(low.qps) + share * std::log(above->qps))};
}

double Median(std::vector<double> values) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace kith
