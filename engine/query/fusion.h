// Several lists of scored points made one: reciprocal rank fusion (Cormack, Clarke and Buettcher,
// 2009) and distribution-based score fusion (Mazzeschi, 2023).
//
// Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/result.h"
#include "engine/query/ranked_points.h"

namespace kith {

struct RrfParams {
  std::uint64_t k = 2;         // at least 1
  std::vector<float> weights;  // of the lists, in their order; empty: 1 each
};

// A point has the sum over the lists that it is in of 1 / ((position + 1) / weight + k - 1),
// positions from 0; of 1 / (position + k) where the weight is 1.  A weight of 0 or less makes a
// list count nothing, though its points are there.  Larger first, equal scores by slot.
// Errors: kInvalidArgument (another number of weights than of lists, k of 0).
Result<RankedPoints> FuseByRank(std::span<const RankedPoints> lists, const RrfParams& params);

// A point has the sum over the lists that it is in of (score - (m - 3s)) / 6s, m the mean and s the
// standard deviation (with n - 1) of the scores of the list; 0.5 where s is 0 and in a list of one.
// Not clamped.  Of lists in which smaller is better the scores count negated.  Larger first, equal
// scores by slot.
RankedPoints FuseByDistribution(std::span<const RankedPoints> lists);

}  // namespace kith
