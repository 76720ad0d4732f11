// Curves of speed over recall, and what they say at one recall.
//
// A speed means nothing without its recall, and no two libraries have the same recall at the same
// setting; so each is measured at many settings and compared where the curves cross a recall.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bench/rival.h"

namespace kith {

struct CurvePoint {
  Setting setting;
  double recall = 0;
  double qps = 0;                 // by CPU time of the one thread
  double wall_qps = 0;            // by the clock on the wall
  double p50_us = 0, p99_us = 0;  // wall time of single queries; 0 for batched rivals
};

// The points no other point beats in both recall and QPS, by rising recall.
std::vector<CurvePoint> UpperEnvelope(std::vector<CurvePoint> points);

struct QpsAtRecall {
  enum class Kind {
    kInterpolated,
    kAtLeast,     // the easiest setting is already above this recall: qps is that setting's
    kNotReached,  // no setting gets there: qps is 0
  };
  Kind kind = Kind::kNotReached;
  double qps = 0;
};

// Linear in log QPS over recall between the two neighbours on the envelope.
QpsAtRecall InterpolateQps(std::span<const CurvePoint> envelope, double recall);

// The middle value; the mean of the two middle ones of an even count.  REQUIRES: not empty.
double Median(std::vector<double> values);

}  // namespace kith
