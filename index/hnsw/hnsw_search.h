// One search: walk the codes, then compare the best candidates exactly.
//
// How deep to re-rank follows from the codes' error.  The pool is sorted by code distance; with
// margin = slack x |k-th code distance|, a candidate whose code distance exceeds the k-th exact
// distance by more than the margin cannot be among the k nearest unless its error is rarer than the
// calibrated quantile, and neither can those after it.  So hard queries re-rank more than easy
// ones.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/top_k.h"
#include "index/codec/codec.h"
#include "index/codec/exact_rows.h"
#include "index/hnsw/filtered_walk.h"
#include "index/hnsw/walk.h"
#include "index/vector_index.h"

namespace kith {

// What a search reads.  Borrows everything.
template <class Graph>
struct SearchedGraph {
  Graph graph;
  CodeArray codes;
  ExactRows exact;                     // empty: code distances are the answer
  const std::uint32_t* ids = nullptr;  // row number of each node; null: the node's own number
  float rerank_slack = 0;
};

using HnswData = SearchedGraph<GraphView>;

struct HnswSearchSettings {
  std::size_t k = 10, ef_search = 64;
  std::size_t rerank = 0;  // 0: by the slack
  const SearchFilter* filter = nullptr;
};

template <VectorCodec Codec, class Graph = GraphView>
class HnswSearch {
 public:
  // Borrows both.  The graph may grow up to `capacity` nodes between searches.
  HnswSearch(const Codec& codec, const SearchedGraph<Graph>& data, std::size_t capacity)
      : data_(data),
        codes_{data.codes, codec.code_bytes() / kCacheLineBytes},
        code_query_(codec),
        exact_query_(data.exact),
        scratch_(capacity) {}
  HnswSearch(const Codec& codec, const SearchedGraph<Graph>& data)
      : HnswSearch(codec, data, data.graph.rows()) {}

  // The nearest rows found, nearest first, ties to the lower id.  `query` is finite, of the index's
  // dim, normalised for cosine.  The span lasts until the next search.
  std::span<const Neighbor> Search(std::span<const float> query,
                                   const HnswSearchSettings& settings) {
    stats_ = {};
    found_.clear();
    const std::size_t rows = data_.graph.rows();
    const std::size_t k = std::min(settings.k, rows);
    if (k == 0) return found_;
    const std::size_t ef = std::min(std::max(settings.ef_search, k), rows);
    stats_.ef_search = static_cast<std::uint32_t>(ef);
    code_query_.Prepare(query);
    scratch_.hops = scratch_.distances = 0;
    if (settings.filter != nullptr) return SearchFiltered(query, k, ef, settings);
    Walk(data_.graph, 0, codes_, code_query_, ef, scratch_);
    if (scratch_.pool.size() < k) return Scan(query, k);  // a part of the graph was not reached
    return FinishFromPool(query, k, settings.rerank);
  }

  // Compares every row that the filter accepts, exactly.
  std::span<const Neighbor> Scan(std::span<const float> query, std::size_t k,
                                 const SearchFilter* filter = nullptr) {
    stats_.distances = 0;
    found_.clear();
    const bool exact = !data_.exact.empty();
    if (exact) {
      exact_query_.Prepare(query);
    } else {
      code_query_.Prepare(query);
    }
    k = std::min<std::size_t>(k, data_.graph.rows());
    if (k == 0) return found_;
    ForAccepted(filter, [&](std::uint32_t node) {
      float distance = 0;
      if (exact) {
        distance = exact_query_.Distance(node);
      } else {
        code_query_.Distances(codes_.array, &node, 1, &distance);
      }
      ++stats_.distances;
      KeepNearest(found_, k, {distance, RowOf(node)});
    });
    std::sort(found_.begin(), found_.end());
    return found_;
  }

  const SearchStats& stats() const { return stats_; }
  // The candidates of the last walk, for calibration.
  const CandidatePool& pool() const { return scratch_.pool; }
  float ExactDistance(std::uint32_t node) const { return exact_query_.Distance(node); }

 private:
  static constexpr std::size_t kRowsAhead = 6;  // exact rows prefetched before they are compared

  std::span<const Neighbor> SearchFiltered(std::span<const float> query, std::size_t k,
                                           std::size_t ef, const HnswSearchSettings& settings) {
    const SearchFilter& filter = *settings.filter;
    const AcceptPosition accept(filter, data_.ids);
    const auto& ground = data_.graph.levels[0];
    const FilteredCosts costs = EstimateFilteredCosts(ground.count, filter.matches, ef,
                                                      ground.width, !filter.positions.empty());
    switch (costs.cheapest()) {
      case FilteredPlan::kScan:
        ScanCodes(filter, ef);
        break;
      case FilteredPlan::kWiden: {
        const double share = static_cast<double>(filter.matches) / ground.count;
        const auto wide = static_cast<std::size_t>(static_cast<double>(ef) / share) + 1;
        Walk(data_.graph, 0, codes_, code_query_, std::min<std::size_t>(wide, ground.count),
             scratch_);
        scratch_.pool.KeepOnly(accept);
        if (scratch_.pool.size() >= k) break;
        [[fallthrough]];  // fewer match than was thought
      }
      case FilteredPlan::kThrough: {
        scratch_.crossed.Grow(ground.count);
        FilteredWalk walk(data_.graph, codes_, code_query_, accept, scratch_);
        // The thinned graph leads less straight: a pool twice as large finds as much.  A walk that
        // costs more than a scan is given up for one.
        if (!walk.Run(2 * ef, costs.scan)) scratch_.pool.Reset(0);
      }
    }
    // The walk did not reach enough of the matches: only a scan says whether there are more.
    if (scratch_.pool.size() < k) ScanCodes(filter, ef);
    return FinishFromPool(query, std::min(k, scratch_.pool.size()), settings.rerank);
  }

  // Leaves the `ef` nearest accepted codes in the pool.
  void ScanCodes(const SearchFilter& filter, std::size_t ef) {
    constexpr std::size_t kBatch = 64;
    scratch_.pool.Reset(ef);
    std::uint32_t nodes[kBatch];
    float distances[kBatch];
    std::size_t count = 0;
    const auto flush = [&] {
      code_query_.Distances(codes_.array, nodes, count, distances);
      for (std::size_t i = 0; i < count; ++i) {
        const CandidatePool::Key key = CandidatePool::MakeKey(distances[i], nodes[i]);
        if (key < scratch_.pool.threshold()) scratch_.pool.Insert(key);
      }
      scratch_.distances += count;
      count = 0;
    };
    ForAccepted(&filter, [&](std::uint32_t node) {
      PrefetchLines(codes_.array.data + std::size_t{node} * codes_.array.stride, codes_.lines);
      nodes[count++] = node;
      if (count == kBatch) flush();
    });
    flush();
  }

  template <class Visit>
  void ForAccepted(const SearchFilter* filter, const Visit& visit) const {
    const std::uint32_t rows = data_.graph.rows();
    if (filter == nullptr) {
      for (std::uint32_t node = 0; node < rows; ++node) visit(node);
      return;
    }
    const AcceptPosition accept(*filter, data_.ids);
    if (filter->positions.empty()) {
      for (std::uint32_t node = 0; node < rows; ++node) {
        if (accept(node)) visit(node);
      }
    } else {
      for (const std::uint32_t node : filter->positions) {
        if (accept(node)) visit(node);
      }
    }
  }

  // The k nearest of the pool, by exact distances where there are exact rows.
  std::span<const Neighbor> FinishFromPool(std::span<const float> query, std::size_t k,
                                           std::size_t rerank) {
    stats_.hops = scratch_.hops;
    stats_.distances = scratch_.distances;
    if (k == 0) return found_;
    if (!data_.exact.empty()) {
      Rerank(query, k, rerank);
    } else {
      for (std::size_t i = 0; i < k; ++i) {
        found_.push_back({scratch_.pool.distance(i), RowOf(scratch_.pool.id(i))});
      }
    }
    std::sort(found_.begin(), found_.end());
    return found_;
  }

  std::uint32_t RowOf(std::uint32_t node) const {
    return data_.ids == nullptr ? node : data_.ids[node];
  }

  void Rerank(std::span<const float> query, std::size_t k, std::size_t depth) {
    const CandidatePool& pool = scratch_.pool;
    const std::size_t end = depth == 0 ? pool.size() : std::min(std::max(depth, k), pool.size());
    for (std::size_t i = 0; i < std::min(kRowsAhead, end); ++i) data_.exact.Prefetch(pool.id(i));
    exact_query_.Prepare(query);
    const float margin = data_.rerank_slack * std::abs(pool.distance(k - 1));
    for (std::size_t i = 0; i < end; ++i) {
      if (depth == 0 && i >= k && pool.distance(i) - margin > found_.front().distance) break;
      if (i + kRowsAhead < end) data_.exact.Prefetch(pool.id(i + kRowsAhead));
      KeepNearest(found_, k, {exact_query_.Distance(pool.id(i)), RowOf(pool.id(i))});
      ++stats_.reranked;
    }
  }

  const SearchedGraph<Graph>& data_;
  WalkedCodes codes_;
  typename Codec::Query code_query_;
  ExactRows::Query exact_query_;
  WalkScratch scratch_;
  std::vector<Neighbor> found_;
  SearchStats stats_;
};

}  // namespace kith
