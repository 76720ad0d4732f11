// Walking a graph for the nearest among those nodes that a filter accepts.
//
// Three ways, by what they cost (EstimateFilteredCosts):
//   scan       few match: compare all of them
//   through    some match: the walk below
//   widen      most match: the plain walk with a pool as much larger as nodes are refused, then
//              the refused are dropped
//
// The walk follows ACORN (Patel et al., SIGMOD 2024): only accepted nodes are compared and kept in
// the pool.  Where a row has few of them, it looks through the refused links at their links, so
// that the accepted nodes form a graph of nearly the same degree.  Differences: no denser graph is
// built for it; rows are looked through only until enough accepted nodes are found; and where the
// accepted nodes end, because they lie far from the query or in islands, the walk crosses refused
// nodes, nearest first, until the pool is full.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "index/hnsw/walk.h"
#include "index/search_filter.h"

namespace kith {

// Of a filter test, in comparisons of a code (measured: docs/benchmarks.md).
inline constexpr double kFilterTestCost = 0.15;

enum class FilteredPlan { kScan, kThrough, kWiden };

// What the ways cost, in comparisons of one code.
struct FilteredCosts {
  double scan = 0, through = 0, widen = 0;
  FilteredPlan cheapest() const;
};
// `degree`: links of a node; `positions_known`: the matches are listed.
FilteredCosts EstimateFilteredCosts(std::uint64_t rows, std::uint64_t matches, std::size_t ef,
                                    std::size_t degree, bool positions_known);

template <class Query, class Graph>
class FilteredWalk {
  using Level = typename decltype(Graph::levels)::value_type;

 public:
  // Borrows everything.
  FilteredWalk(const Graph& graph, const WalkedCodes& codes, const Query& query,
               const AcceptPosition& accept, WalkScratch& scratch)
      : graph_(graph),
        level_(graph.levels[0]),
        codes_(codes),
        query_(query),
        accept_(accept),
        scratch_(scratch),
        row_lines_((level_.width * sizeof(std::uint32_t) + kCacheLineBytes - 1) / kCacheLineBytes) {
  }

  // Leaves the `ef` nearest accepted nodes found in scratch.pool, nearest first.  Stops after about
  // `work_max` comparisons' worth of work and then returns false.
  bool Run(std::size_t ef, double work_max) {
    Descend(ef);
    CandidatePool& pool = scratch_.pool;
    CandidatePool& bridge = scratch_.bridge;
    while (work() <= work_max) {
      if (const std::size_t position = pool.next(); position < pool.size()) {
        const std::uint32_t node = pool.Expand(position);
        if (const std::size_t next = pool.next(); next < pool.size()) PrefetchRow(pool.id(next));
        LookAround(node);
      } else if (pool.size() < ef) {
        const std::size_t gap = bridge.next();
        if (gap == bridge.size()) return true;
        const std::uint32_t node = bridge.Expand(gap);
        if (!LookAround(node)) Cross(node);
      } else {
        return true;
      }
    }
    return false;
  }

  // So far, in comparisons.
  double work() const {
    return static_cast<double>(scratch_.distances) + kFilterTestCost * static_cast<double>(tests_);
  }

 private:
  // Greedy descent over all nodes; those met on the way are the seeds.
  void Descend(std::size_t ef) {
    CandidatePool& bridge = scratch_.bridge;
    bridge.Reset(kBridgeNodes);
    scratch_.visited.Clear();
    Take(graph_.entry, scratch_.visited);
    Flush(bridge);
    for (std::size_t above = graph_.levels.size(); above-- > 1;) {
      const Level& level = graph_.levels[above];
      for (CandidatePool::Key best = ~CandidatePool::Key{0}; bridge[0] < best;) {
        best = bridge[0];
        ForLinks(level, CandidatePool::Id(best),
                 [&](std::uint32_t link) { Take(link, scratch_.visited); });
        Flush(bridge);
      }
    }
    // Only accepted nodes count as visited, so that the refused can be looked through.
    scratch_.visited.Clear();
    scratch_.crossed.Clear();
    scratch_.pool.Reset(ef);
    for (std::size_t i = 0; i < bridge.size(); ++i) {
      const std::uint32_t node = bridge.id(i);
      VisitedSet& seen = accept_(node) ? scratch_.visited : scratch_.crossed;
      seen.Insert(node);
      seen.Remember(&node, 1);
      const CandidatePool::Key key = CandidatePool::MakeKey(bridge.distance(i), node);
      if (&seen == &scratch_.visited && key < scratch_.pool.threshold()) scratch_.pool.Insert(key);
    }
  }

  // Compares the accepted among the node's links and, where those are few, among the links of the
  // refused.  Returns whether there was one not compared before.
  bool LookAround(std::uint32_t node) {
    const std::size_t enough = level_.width / 2;
    std::uint32_t refused[kRowWidthMax];
    std::size_t refused_count = 0, accepted_count = 0;
    tests_ += ForLinks(level_, node, [&](std::uint32_t link) {
      if (accept_(link)) {
        ++accepted_count;
        Take(link, scratch_.visited);
      } else {
        refused[refused_count++] = link;
      }
    });
    if (accepted_count < enough) {
      for (std::size_t i = 0; i < std::min(refused_count, kRowsAhead); ++i) PrefetchRow(refused[i]);
      for (std::size_t i = 0; i < refused_count && accepted_count < enough; ++i) {
        if (i + kRowsAhead < refused_count) PrefetchRow(refused[i + kRowsAhead]);
        if (scratch_.visited.Insert(refused[i]) == 0) continue;  // looked through before
        scratch_.visited.Remember(&refused[i], 1);
        accepted_count += LookThrough(refused[i]);
      }
    }
    const bool any = fresh_count_ > 0;
    Flush(scratch_.pool);
    ++scratch_.hops;
    return any;
  }

  // Takes the accepted among the links of a refused node; returns how many.
  std::size_t LookThrough(std::uint32_t node) {
    const std::size_t before = fresh_count_;
    tests_ += ForLinks(level_, node, [&](std::uint32_t link) {
      if (accept_(link)) Take(link, scratch_.visited);
    });
    return fresh_count_ - before;
  }

  // Compares the refused links of a node: the nearest of them lead on.
  void Cross(std::uint32_t node) {
    ForLinks(level_, node, [&](std::uint32_t link) {
      if (!accept_(link)) Take(link, scratch_.crossed);
    });
    Flush(scratch_.bridge);
  }

  // Returns how many there are.
  template <class Visit>
  static std::size_t ForLinks(const Level& level, std::uint32_t node, const Visit& visit) {
    std::uint32_t buffer[kRowWidthMax];
    const std::uint32_t* row = level.Read(node, buffer);
    std::size_t degree = 0;
    for (; degree < level.width && row[degree] != kNoLink; ++degree) visit(row[degree]);
    return degree;
  }

  void Take(std::uint32_t node, VisitedSet& seen) {
    if (seen.Insert(node) == 0) return;
    seen.Remember(&node, 1);
    assert(fresh_count_ < kFreshMax);  // half a row of links, then at most one row beyond it
    fresh_[fresh_count_++] = node;
    PrefetchLines(codes_.array.data + std::size_t{node} * codes_.array.stride, codes_.lines);
  }

  // Compares what was taken and keeps what is near enough.
  void Flush(CandidatePool& pool) {
    query_.Distances(codes_.array, fresh_, fresh_count_, distances_);
    scratch_.distances += fresh_count_;
    for (std::size_t i = 0; i < fresh_count_; ++i) {
      const CandidatePool::Key key = CandidatePool::MakeKey(distances_[i], fresh_[i]);
      if (key < pool.threshold() && pool.Insert(key) == pool.next()) PrefetchRow(fresh_[i]);
    }
    fresh_count_ = 0;
  }

  void PrefetchRow(std::uint32_t node) const { PrefetchLines(level_.row(node), row_lines_); }

  static constexpr std::size_t kBridgeNodes = 256;
  static constexpr std::size_t kRowsAhead = 4;
  static constexpr std::size_t kFreshMax = 2 * kRowWidthMax;

  const Graph& graph_;
  const Level& level_;
  const WalkedCodes& codes_;
  const Query& query_;
  const AcceptPosition& accept_;
  WalkScratch& scratch_;
  std::size_t row_lines_;
  std::uint64_t tests_ = 0;
  std::size_t fresh_count_ = 0;
  std::uint32_t fresh_[kFreshMax];
  float distances_[kFreshMax];
};

}  // namespace kith
