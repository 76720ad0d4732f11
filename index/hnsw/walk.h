// Walking one graph: the greedy descent through the upper levels and the pool search of a level.
//
// Templates over the codec's Query, so that the walk and the distance kernel meet without a
// virtual call, and over the graph, GraphView or LiveView; one kernel call serves all unseen
// neighbours of a node.
//
// A hop costs two dependent cache misses (row, codes) and one miss a neighbour that overlap.  So
// the codes of all unseen neighbours are prefetched before the first is compared, and a row is
// prefetched when its node becomes one of the next to be expanded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/prefetch.h"
#include "index/codec/code_kernels.h"
#include "index/hnsw/candidate_pool.h"
#include "index/hnsw/graph.h"
#include "index/hnsw/visited_set.h"

namespace kith {

inline constexpr std::size_t kRowWidthMax = 256;

// Memory and counters of the walks of one thread.
struct WalkScratch {
  explicit WalkScratch(std::size_t nodes) : visited(nodes), crossed(0) {}
  CandidatePool pool;
  VisitedSet visited;
  // Of filtered walks: refused nodes that may lead on, and which were compared.
  CandidatePool bridge;
  VisitedSet crossed;
  std::uint64_t hops = 0, distances = 0;
};

// The codes walked, and how many cache lines of each to prefetch.
struct WalkedCodes {
  CodeArray array;
  std::size_t lines = 0;
};

// Compares the unseen links of one row and puts the near ones into the pool.
template <class Query, class Level>
class Expansion {
 public:
  Expansion(const Level& level, const WalkedCodes& codes, const Query& query, WalkScratch& scratch)
      : level_(level),
        codes_(codes),
        query_(query),
        scratch_(scratch),
        row_lines_((level.width * sizeof(std::uint32_t) + kCacheLineBytes - 1) / kCacheLineBytes) {}

  void PrefetchRow(std::uint32_t node) const { PrefetchLines(level_.row(node), row_lines_); }

  // `soon`: pool positions up to this one are expanded next, so their rows are prefetched.
  void Run(std::uint32_t node, std::size_t soon) {
    std::uint32_t buffer[kRowWidthMax];
    const std::uint32_t* row = level_.Read(node, buffer);
    std::size_t count = 0;
    for (std::size_t i = 0; i < level_.width && row[i] != kNoLink; ++i) {
      fresh_[count] = row[i];
      count += scratch_.visited.Insert(row[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      PrefetchLines(codes_.array.data + std::size_t{fresh_[i]} * codes_.array.stride, codes_.lines);
    }
    scratch_.visited.Remember(fresh_, count);
    query_.Distances(codes_.array, fresh_, count, distances_);
    scratch_.distances += count;
    ++scratch_.hops;
    CandidatePool& pool = scratch_.pool;
    for (std::size_t i = 0; i < count; ++i) {
      const CandidatePool::Key key = CandidatePool::MakeKey(distances_[i], fresh_[i]);
      if (key < pool.threshold() && pool.Insert(key) <= soon) PrefetchRow(fresh_[i]);
    }
  }

 private:
  const Level& level_;
  const WalkedCodes& codes_;
  const Query& query_;
  WalkScratch& scratch_;
  std::size_t row_lines_;
  std::uint32_t fresh_[kRowWidthMax];
  float distances_[kRowWidthMax];
};

// Leaves the `ef` nearest nodes of `level` that the walk finds in scratch.pool, nearest first.
//
// Starts at the entry point.  On each level above, it moves to the nearest link until none is
// nearer; every node compared on the way stays in the pool as a seed, so nothing is compared twice.
// On `level` it expands the nearest unexpanded candidate until all of the pool are expanded.
template <class Query, class Graph>
void Walk(const Graph& graph, std::size_t level, const WalkedCodes& codes, const Query& query,
          std::size_t ef, WalkScratch& scratch) {
  CandidatePool& pool = scratch.pool;
  pool.Reset(ef);
  scratch.visited.Clear();
  const std::uint32_t entry = graph.entry;
  float distance = 0;
  query.Distances(codes.array, &entry, 1, &distance);
  ++scratch.distances;
  scratch.visited.Insert(entry);
  scratch.visited.Remember(&entry, 1);
  pool.Insert(CandidatePool::MakeKey(distance, entry));

  for (std::size_t above = graph.levels.size(); above-- > level + 1;) {
    Expansion expansion(graph.levels[above], codes, query, scratch);
    for (CandidatePool::Key best = ~CandidatePool::Key{0}; pool[0] < best;) {
      best = pool[0];
      expansion.Run(CandidatePool::Id(best), 0);
    }
  }
  Expansion expansion(graph.levels[level], codes, query, scratch);
  for (std::size_t position = 0; position < pool.size(); position = pool.next()) {
    const std::uint32_t node = pool.Expand(position);
    const std::size_t next = pool.next();
    if (next < pool.size()) expansion.PrefetchRow(pool.id(next));
    expansion.Run(node, next + 1);
  }
}

}  // namespace kith
