#include "index/calibration.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <tuple>

namespace kith {
namespace {

constexpr std::uint32_t kPointsMax = 4096;

}  // namespace

Calibration::Calibration(std::vector<CalibrationPoint> points) : points_(std::move(points)) {
  std::sort(points_.begin(), points_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.k, a.ef_search) < std::tie(b.k, b.ef_search);
  });
}

double Calibration::EfOnCurve(std::uint32_t calibrated_k, double target_recall) const {
  const CalibrationPoint* before = nullptr;
  for (const CalibrationPoint& point : points_) {
    if (point.k != calibrated_k) continue;
    if (point.recall >= target_recall) {
      if (before == nullptr || point.recall <= before->recall) return point.ef_search;
      // The miss rate falls about as a power of ef: interpolate log ef over log miss rate.
      const double floor = 1e-5;
      const double high = std::log(std::max(1 - before->recall, floor));
      const double low = std::log(std::max(1 - point.recall, floor));
      const double wanted = std::log(std::max(1 - target_recall, floor));
      const double share = high > low ? std::clamp((high - wanted) / (high - low), 0.0, 1.0) : 1.0;
      return before->ef_search * std::pow(double{1} * point.ef_search / before->ef_search, share);
    }
    before = &point;
  }
  return before == nullptr ? 0 : before->ef_search;
}

std::uint32_t Calibration::EfSearchFor(double target_recall, std::uint32_t k) const {
  double ef = std::max<double>(kEfSearchDefault, 2.0 * k);
  if (!points_.empty()) {
    std::uint32_t k_below = 0;
    double ef_below = 0;
    for (const std::uint32_t calibrated : kCalibratedK) {
      const double on_curve = EfOnCurve(calibrated, target_recall);
      if (on_curve == 0) continue;  // an index smaller than that k
      if (k <= calibrated && k_below > 0) {
        const double share = double(k - k_below) / (calibrated - k_below);
        ef = ef_below + share * std::max(0.0, on_curve - ef_below);
        k_below = 0;
        break;
      }
      ef_below = std::max(on_curve, ef_below);
      k_below = calibrated;
      ef = ef_below;
      if (k <= calibrated) break;
    }
    if (k_below > 0 && k > k_below) ef = ef_below * k / k_below;
  }
  const double bounded = std::clamp<double>(std::round(ef), k, kEfSearchMax);
  return static_cast<std::uint32_t>(bounded);
}

void Calibration::Save(ByteWriter& writer) const {
  writer.Put(static_cast<std::uint32_t>(points_.size()));
  for (const CalibrationPoint& point : points_) {
    writer.Put(point.k);
    writer.Put(point.ef_search);
    writer.Put(point.recall);
    writer.Put(point.distances);
  }
}

Result<Calibration> Calibration::Load(ByteReader& reader) {
  const auto count = TRY(reader.Get<std::uint32_t>());
  if (count > kPointsMax) {
    return Error{ErrorCode::kCorruption, "calibration of " + std::to_string(count) +
                                             " points, at most " + std::to_string(kPointsMax)};
  }
  std::vector<CalibrationPoint> points(count);
  for (CalibrationPoint& point : points) {
    point.k = TRY(reader.Get<std::uint32_t>());
    point.ef_search = TRY(reader.Get<std::uint32_t>());
    point.recall = TRY(reader.Get<double>());
    point.distances = TRY(reader.Get<double>());
    const bool known = std::find(std::begin(kCalibratedK), std::end(kCalibratedK), point.k) !=
                       std::end(kCalibratedK);
    if (!known || point.ef_search < point.k || point.ef_search > kEfSearchMax ||
        !(point.recall >= 0 && point.recall <= 1)) {
      return Error{ErrorCode::kCorruption, "calibration point out of range"};
    }
  }
  return Calibration(std::move(points));
}

}  // namespace kith
