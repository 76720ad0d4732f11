#include "engine/query/mmr.h"

#include <algorithm>
#include <limits>

namespace kith {

std::vector<std::size_t> SelectByMarginalRelevance(
    const MmrSelection& selection, std::span<const float> query_similarities,
    const std::function<float(std::size_t, std::size_t)>& similarity) {
  const std::size_t count = query_similarities.size();
  std::vector<float> closest(count, -std::numeric_limits<float>::infinity());
  std::vector<bool> taken(count);
  std::vector<std::size_t> chosen;
  while (chosen.size() < std::min(selection.limit, count)) {
    std::size_t best = count;
    float best_score = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (taken[i]) continue;
      const float score = chosen.empty() ? query_similarities[i]
                                         : (1 - selection.diversity) * query_similarities[i] -
                                               selection.diversity * closest[i];
      if (best == count || score > best_score) {
        best = i;
        best_score = score;
      }
    }
    taken[best] = true;
    chosen.push_back(best);
    for (std::size_t i = 0; i < count; ++i) {
      if (!taken[i]) closest[i] = std::max(closest[i], similarity(i, best));
    }
  }
  return chosen;
}

}  // namespace kith
