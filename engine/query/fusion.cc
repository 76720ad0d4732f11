// Ranks need no common scale, which is why RRF is the default for a mix of vectors; the scores of
// DBSF keep how much better the first one is.  k = 2 is Qdrant's, not the 60 of the paper: the head
// of each list counts much more.
#include "engine/query/fusion.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

namespace kith {
namespace {

// Sums of scores by slot.
class Sums {
 public:
  void Add(std::uint32_t slot, double score) {
    const auto [at, is_new] = positions_.try_emplace(slot, sums_.size());
    if (is_new) sums_.push_back({slot, 0});
    sums_[at->second].score += score;
  }

  RankedPoints Rank() const {
    RankedPoints ranked;
    ranked.points.reserve(sums_.size());
    for (const Sum& sum : sums_) {
      ranked.points.push_back({static_cast<float>(sum.score), sum.slot});
    }
    std::sort(ranked.points.begin(), ranked.points.end(),
              [](const ScoredSlot& a, const ScoredSlot& b) {
                return a.score != b.score ? a.score > b.score : a.slot < b.slot;
              });
    return ranked;
  }

 private:
  struct Sum {
    std::uint32_t slot;
    double score;
  };
  std::unordered_map<std::uint32_t, std::size_t> positions_;
  std::vector<Sum> sums_;
};

}  // namespace

Result<RankedPoints> FuseByRank(std::span<const RankedPoints> lists, const RrfParams& params) {
  if (params.k == 0) {
    return Error{ErrorCode::kInvalidArgument, "rrf: k is 0, expected at least 1"};
  }
  if (!params.weights.empty() && params.weights.size() != lists.size()) {
    return Error{ErrorCode::kInvalidArgument, "rrf: " + std::to_string(params.weights.size()) +
                                                  " weights for " + std::to_string(lists.size()) +
                                                  " prefetches, expected as many"};
  }
  Sums sums;
  for (std::size_t list = 0; list < lists.size(); ++list) {
    const double weight = params.weights.empty() ? 1 : params.weights[list];
    const std::vector<ScoredSlot>& points = lists[list].points;
    for (std::size_t position = 0; position < points.size(); ++position) {
      const double rank = static_cast<double>(position + 1) / weight;
      const double score = weight > 0 ? 1 / (rank + static_cast<double>(params.k) - 1) : 0;
      sums.Add(points[position].slot, score);
    }
  }
  return sums.Rank();
}

RankedPoints FuseByDistribution(std::span<const RankedPoints> lists) {
  Sums sums;
  for (const RankedPoints& list : lists) {
    const double sign = list.order == ScoreOrder::kSmallerFirst ? -1 : 1;
    const double count = static_cast<double>(list.points.size());
    double mean = 0, squares = 0;
    for (const ScoredSlot& point : list.points) mean += sign * point.score / count;
    for (const ScoredSlot& point : list.points) {
      squares += (sign * point.score - mean) * (sign * point.score - mean);
    }
    // Not finite where a score is not.
    double deviation = count > 1 ? std::sqrt(squares / (count - 1)) : 0;
    if (!std::isfinite(deviation)) deviation = 0;
    for (const ScoredSlot& point : list.points) {
      const double score =
          deviation > 0 ? (sign * point.score - (mean - 3 * deviation)) / (6 * deviation) : 0.5;
      sums.Add(point.slot, score);
    }
  }
  return sums.Rank();
}

}  // namespace kith
