// Choosing a node's links from its candidates: the heuristic of HNSW (algorithm 4 of the paper).
//
// Candidates are taken nearest first; one is dropped when a chosen link is nearer to it than the
// node is.  Written the other way round: each newly chosen link is the query of one kernel call
// over the candidates still alive, and those nearer to it than to the node die.  The distances
// computed are the same, but they come in batches.
//
// A candidate whose code equals that of a chosen link dies as well: copies of one vector would
// otherwise fill each other's lists and cut themselves off.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "index/codec/code_kernels.h"

namespace kith {

struct Link {
  float distance = 0;
  std::uint32_t id = 0;
  friend bool operator<(const Link& a, const Link& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
  }
};

struct SelectionParams {
  std::size_t limit = 0;     // links at most
  bool keep_pruned = false;  // fill up with the nearest of the dropped
};

// Memory of one thread's selections.
struct SelectionScratch {
  std::vector<std::uint32_t> alive;
  std::vector<float> to_node, to_link;
  std::vector<Link> dropped;
};

// Replaces `candidates` (sorted, without repeats) by the chosen links, sorted.  `query` is scratch.
template <class Query>
void SelectNeighbors(std::vector<Link>& candidates, const SelectionParams& params, CodeArray codes,
                     Query& query, SelectionScratch& scratch) {
  auto& [alive, to_node, to_link, dropped] = scratch;
  alive.clear();
  to_node.clear();
  dropped.clear();
  for (const Link& candidate : candidates) {
    alive.push_back(candidate.id);
    to_node.push_back(candidate.distance);
  }
  to_link.resize(alive.size());
  std::size_t chosen = 0;
  std::size_t count = alive.size();
  const auto code_of = [&](std::uint32_t id) { return codes.data + id * codes.stride; };

  // candidates[0, chosen) are the links; alive[0, count) is what is left, sorted.
  std::size_t first = 0;
  while (first < count && chosen < params.limit) {
    const std::uint32_t link = alive[first];
    candidates[chosen++] = {to_node[first], link};
    ++first;
    if (first == count || chosen == params.limit) break;
    query.PrepareFromCode(code_of(link));
    query.Distances(codes, &alive[first], count - first, &to_link[first]);
    std::size_t kept = 0;
    for (std::size_t i = first; i < count; ++i) {
      const bool copy = std::memcmp(code_of(alive[i]), code_of(link), 8) == 0 &&
                        std::memcmp(code_of(alive[i]), code_of(link), codes.stride) == 0;
      if (to_link[i] < to_node[i] || copy) {
        if (params.keep_pruned) dropped.push_back({to_node[i], alive[i]});
      } else {
        alive[kept] = alive[i];
        to_node[kept++] = to_node[i];
      }
    }
    count = kept;
    first = 0;
  }
  candidates.resize(chosen);
  if (params.keep_pruned && chosen < params.limit) {
    std::sort(dropped.begin(), dropped.end());
    const std::size_t fill = std::min(params.limit - chosen, dropped.size());
    candidates.insert(candidates.end(), dropped.begin(), dropped.begin() + fill);
    std::sort(candidates.begin(), candidates.end());
  }
}

}  // namespace kith
