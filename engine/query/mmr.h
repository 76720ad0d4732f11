// Maximal marginal relevance (Carbonell and Goldstein, "The use of MMR, diversity-based reranking
// for reordering documents and producing summaries", 1998): near the query, yet unlike one another.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace kith {

struct MmrSelection {
  float diversity = 0.5F;  // 0 .. 1
  std::size_t limit = 10;
};

// Positions of candidates in the order in which they are chosen: first the one most similar to the
// query, then each time the one with the largest
//   (1 - diversity) similarity to the query - diversity * max similarity to one that was chosen,
// ties to the lower position.  similarity(a, b) is that of two candidates.  O(limit * candidates)
// similarities.
std::vector<std::size_t> SelectByMarginalRelevance(
    const MmrSelection& selection, std::span<const float> query_similarities,
    const std::function<float(std::size_t, std::size_t)>& similarity);

}  // namespace kith
