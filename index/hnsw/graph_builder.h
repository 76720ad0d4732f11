// Building the graph: deterministic batched insertion.
//
// Nodes are inserted in id order (which is by falling level, otherwise random).  A batch is a
// fraction of the graph so far, so its size grows with it (prefix doubling, Blelloch et al. as in
// ParlayANN, PPoPP 2024).  All searches of a batch see the graph frozen before it; then links are
// chosen, and the reverse links of the whole batch are sorted by target and merged, one target a
// task.  No locks, and the same graph for any number of threads.
//
// Everything is measured on codes; only the query of an insertion is the exact vector.  Link
// distances are kept beside the ids, so that merging computes nothing anew, and a full list is cut
// to four fifths, so that the next links do not cut it again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/cancellation.h"
#include "core/matrix.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "index/codec/codec.h"
#include "index/hnsw/graph.h"
#include "index/hnsw/neighbor_selection.h"
#include "index/hnsw/walk.h"

namespace kith {

struct GraphBuildParams {
  std::uint32_t m = 16;
  std::uint32_t ef_construction = 200;
  bool keep_pruned = false;
  // A batch is at most the graph so far / batch_divisor, and rows / batch_share_divisor.
  std::uint32_t batch_divisor = 8;
  std::uint32_t batch_share_divisor = 50;
};

// Writes the vector of a node (in id order) into the span.  Called from several threads.
using VectorSource = std::function<void(std::uint32_t node, std::span<float> vector)>;

template <VectorCodec Codec>
class GraphBuilder {
 public:
  // Borrows codec, codes (all nodes, in id order), source and pool.
  GraphBuilder(const Codec& codec, CodeArray codes, std::span<const std::uint32_t> level_counts,
               VectorSource source, const GraphBuildParams& params, ThreadPool& pool)
      : codes_{codes, codec.code_bytes() / kCacheLineBytes},
        source_(std::move(source)),
        params_(params),
        pool_(pool),
        graph_(level_counts, params.m) {
    for (std::size_t level = 0; level < graph_.levels(); ++level) {
      distances_.emplace_back(graph_.count(level), graph_.width(level));
    }
    for (std::size_t i = 0; i < pool.threads(); ++i) {
      workers_.push_back(std::make_unique<Worker>(codec, graph_.count(0)));
    }
  }

  std::uint32_t inserted() const { return inserted_; }
  HnswGraph& graph() { return graph_; }

  // Inserts nodes up to `end`.  After an error the graph is of no use.
  Status InsertUntil(std::uint32_t end, const Cancellation& cancellation, Progress& progress) {
    if (inserted_ == 0 && end > 0) inserted_ = 1;  // node 0 has nobody to link to
    while (inserted_ < end) {
      const std::uint32_t room =
          std::max<std::uint32_t>(1, std::min(inserted_ / params_.batch_divisor,
                                              graph_.count(0) / params_.batch_share_divisor));
      const std::uint32_t batch_end = inserted_ + std::min(room, end - inserted_);
      TRY(InsertBatch(batch_end, cancellation));
      progress.Advance(batch_end - inserted_);
      inserted_ = batch_end;
    }
    return {};
  }

 private:
  struct Worker {
    Worker(const Codec& codec, std::size_t nodes)
        : scratch(nodes), query(codec), link_query(codec), vector(codec.dim()) {}
    WalkScratch scratch;
    typename Codec::Query query, link_query;
    SelectionScratch selection;
    std::vector<Link> candidates;
    std::vector<float> vector;
  };

  struct ReverseLink {
    std::uint32_t target, source;
    float distance;
    friend bool operator<(const ReverseLink& a, const ReverseLink& b) {
      return a.target != b.target ? a.target < b.target : a.source < b.source;
    }
  };

  // The levels as far as they are filled.
  GraphView FrozenView() const {
    GraphView view = graph_.view();
    while (view.levels.size() > 1 && view.levels.back().count == 0) view.levels.pop_back();
    return view;
  }

  std::size_t LinkLimit(std::size_t level) const {
    return level == 0 ? std::size_t{2} * params_.m : params_.m;
  }

  Status InsertBatch(std::uint32_t end, const Cancellation& cancellation) {
    const GraphView view = FrozenView();
    const std::uint32_t begin = inserted_;
    TRY(pool_.TryParallelFor(
        end - begin, 8, cancellation,
        [&](std::size_t first, std::size_t last, std::size_t worker) -> Status {
          for (std::size_t i = first; i < last; ++i) {
            FindLinks(view, begin + static_cast<std::uint32_t>(i), *workers_[worker]);
          }
          return {};
        }));
    for (std::size_t level = 0; level < graph_.levels(); ++level)
      MergeReverseLinks(level, begin, end);
    return {};
  }

  void FindLinks(const GraphView& view, std::uint32_t node, Worker& worker) {
    source_(node, worker.vector);
    worker.query.Prepare(worker.vector);
    std::size_t top = 0;
    while (top + 1 < view.levels.size() && node < view.levels[top + 1].count) ++top;
    for (std::size_t level = top + 1; level-- > 0;) {
      CandidatePool& pool = worker.scratch.pool;
      Walk(view, level, codes_, worker.query, params_.ef_construction, worker.scratch);
      worker.candidates.clear();
      for (std::size_t i = 0; i < pool.size(); ++i) {
        worker.candidates.push_back({pool.distance(i), pool.id(i)});
      }
      SelectNeighbors(worker.candidates, {params_.m, params_.keep_pruned}, codes_.array,
                      worker.link_query, worker.selection);
      WriteRow(level, node, worker.candidates);
    }
  }

  void WriteRow(std::size_t level, std::uint32_t node, std::span<const Link> links) {
    const std::span<std::uint32_t> row = graph_.row(level, node);
    const std::span<float> distances = distances_[level].row(node);
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = i < links.size() ? links[i].id : kNoLink;
      distances[i] = i < links.size() ? links[i].distance : 0.0f;
    }
  }

  void MergeReverseLinks(std::size_t level, std::uint32_t begin, std::uint32_t end) {
    reverse_.clear();
    for (std::uint32_t node = begin; node < std::min(end, graph_.count(level)); ++node) {
      const std::span<const std::uint32_t> row = graph_.row(level, node);
      for (std::size_t i = 0; i < row.size() && row[i] != kNoLink; ++i) {
        reverse_.push_back({row[i], node, distances_[level].row(node)[i]});
      }
    }
    std::sort(reverse_.begin(), reverse_.end());
    starts_.clear();
    for (std::size_t i = 0; i < reverse_.size(); ++i) {
      if (i == 0 || reverse_[i].target != reverse_[i - 1].target) starts_.push_back(i);
    }
    starts_.push_back(reverse_.size());
    pool_.ParallelFor(
        starts_.size() - 1, 32, [&](std::size_t first, std::size_t last, std::size_t worker) {
          for (std::size_t i = first; i < last; ++i) {
            MergeInto(level, std::span(reverse_).subspan(starts_[i], starts_[i + 1] - starts_[i]),
                      *workers_[worker]);
          }
        });
  }

  void MergeInto(std::size_t level, std::span<const ReverseLink> added, Worker& worker) {
    const std::uint32_t node = added.front().target;
    const std::span<const std::uint32_t> row = graph_.row(level, node);
    const std::span<const float> distances = distances_[level].row(node);
    std::vector<Link>& links = worker.candidates;
    links.clear();
    for (std::size_t i = 0; i < row.size() && row[i] != kNoLink; ++i) {
      links.push_back({distances[i], row[i]});
    }
    for (const ReverseLink& link : added) links.push_back({link.distance, link.source});
    const std::size_t limit = LinkLimit(level);
    if (links.size() > limit) {
      std::sort(links.begin(), links.end());
      SelectNeighbors(links, {limit - limit / 5, params_.keep_pruned}, codes_.array,
                      worker.link_query, worker.selection);
    }
    WriteRow(level, node, links);
  }

  WalkedCodes codes_;
  VectorSource source_;
  GraphBuildParams params_;
  ThreadPool& pool_;
  HnswGraph graph_;
  std::vector<Matrix<float>> distances_;  // of each link, by level
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<ReverseLink> reverse_;
  std::vector<std::size_t> starts_;
  std::uint32_t inserted_ = 0;
};

}  // namespace kith
