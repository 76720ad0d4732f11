// The cost model behind the plan of a filtered search.
//
// A walk with a pool of ef expands about 1.2 ef nodes and compares half of their links (the other
// half was seen before): kComparedShare.  Looking through refused links tests up to all links of
// links; the share of accepted nodes says how many rows that takes until half a row is found.
#include "index/hnsw/filtered_walk.h"

#include <algorithm>

namespace kith {
namespace {

constexpr double kExpansions = 1.2;      // nodes expanded, in units of ef
constexpr double kComparedShare = 0.5;   // of the links looked at
constexpr double kThroughRowCost = 1.5;  // a row read out of turn, in comparisons
// A walk over a thinned graph has a pool twice as large, and expands more nodes for each place in
// it.
constexpr double kThinnedExpansions = 3;

}  // namespace

FilteredPlan FilteredCosts::cheapest() const {
  if (scan <= through && scan <= widen) return FilteredPlan::kScan;
  return through < widen ? FilteredPlan::kThrough : FilteredPlan::kWiden;
}

FilteredCosts EstimateFilteredCosts(std::uint64_t rows, std::uint64_t matches, std::size_t ef,
                                    std::size_t degree, bool positions_known) {
  FilteredCosts costs;
  const auto all = static_cast<double>(rows), some = static_cast<double>(matches);
  const auto pool = static_cast<double>(ef), links = static_cast<double>(degree);
  costs.scan = some + (positions_known ? 0 : all * kFilterTestCost);
  const double share = all > 0 ? std::clamp(some / all, 1e-9, 1.0) : 1;
  const double expansion = links * kComparedShare;
  costs.widen = std::min(kExpansions * pool * expansion / share, all);
  // Rows looked through until half a row of accepted nodes is there.
  const double direct = links * share, enough = links / 2;
  const double looked =
      direct >= enough ? 0 : std::min((enough - direct) / (links * share), links - direct);
  const double thinned = kFilterTestCost * links * (1 + looked) + kThroughRowCost * looked +
                         std::min(links * share * (1 + looked), links) * kComparedShare;
  costs.through = kThinnedExpansions * kExpansions * pool * thinned;
  return costs;
}

}  // namespace kith
