// Recall as a function of the search setting, measured when an index is built.
//
// Rows held out of the index are its queries and brute force its truth, so the curve tells what a
// fresh query of the same distribution may expect.  Stored in the index; target_recall is looked
// up here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "index/vector_index.h"

namespace kith {

// The number of answers that recall is measured at.
inline constexpr std::uint32_t kCalibratedK[] = {1, 10, 100};

class Calibration {
 public:
  Calibration() = default;
  // Any order.  REQUIRES: every k is in kCalibratedK, ef_search >= k.
  explicit Calibration(std::vector<CalibrationPoint> points);

  bool empty() const { return points_.empty(); }
  const std::vector<CalibrationPoint>& points() const { return points_; }

  // The ef_search whose recall@k is the target, to the nearest whole number: by the curve of a
  // calibrated k, linear in k between two of them and proportional beyond the last.  A target above
  // the whole curve gets its last point.  Without calibration, kEfSearchDefault or 2 k, the larger.
  // At least k.
  std::uint32_t EfSearchFor(double target_recall, std::uint32_t k) const;

  void Save(ByteWriter& writer) const;
  static Result<Calibration> Load(ByteReader& reader);

 private:
  double EfOnCurve(std::uint32_t calibrated_k, double target_recall) const;
  std::vector<CalibrationPoint> points_;  // by k, then by ef_search
};

inline constexpr std::uint32_t kEfSearchDefault = 64;

}  // namespace kith
