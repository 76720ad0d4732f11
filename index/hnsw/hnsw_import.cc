// An index that walks a graph built elsewhere.
//
// Nodes are renumbered by falling level with the entry point first, which is all that the layout of
// index/hnsw/graph.h asks; links are kept as they are.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "index/hnsw/hnsw_assembly.h"
#include "index/hnsw/hnsw_index.h"

namespace kith {
namespace {

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, "imported graph: " + std::move(message)};
}

Status CheckGraph(const ImportedGraph& graph) {
  const std::size_t rows = graph.rows.rows();
  if (graph.levels.size() != rows || graph.ids.size() != rows) {
    return Invalid(std::to_string(rows) + " rows, " + std::to_string(graph.levels.size()) +
                   " levels and " + std::to_string(graph.ids.size()) + " ids");
  }
  if (rows == 0) return {};
  if (graph.entry_point >= rows) {
    return Invalid("entry point " + std::to_string(graph.entry_point) + " of " +
                   std::to_string(rows) + " nodes");
  }
  const std::uint32_t top = *std::ranges::max_element(graph.levels);
  if (top >= kLevelsMax || graph.levels[graph.entry_point] != top) {
    return Invalid("entry point on level " + std::to_string(graph.levels[graph.entry_point]) +
                   ", highest level " + std::to_string(top) + ", at most " +
                   std::to_string(kLevelsMax - 1));
  }
  if (graph.links.size() != top + 1) {
    return Invalid(std::to_string(graph.links.size()) + " lists of links for " +
                   std::to_string(top + 1) + " levels");
  }
  for (std::size_t level = 0; level <= top; ++level) {
    const std::size_t limit = level == 0 ? 2 * graph.m : graph.m;
    if (graph.links[level].size() != rows) return Invalid("a level without a list for each node");
    for (std::size_t node = 0; node < rows; ++node) {
      const std::vector<std::uint32_t>& links = graph.links[level][node];
      if (links.size() > limit || (graph.levels[node] < level && !links.empty())) {
        return Invalid("node " + std::to_string(node) + " has " + std::to_string(links.size()) +
                       " links on level " + std::to_string(level) + ", at most " +
                       std::to_string(graph.levels[node] < level ? 0 : limit));
      }
      for (const std::uint32_t link : links) {
        if (link >= rows || graph.levels[link] < level) {
          return Invalid("node " + std::to_string(node) + " links to " + std::to_string(link) +
                         ", which is not on level " + std::to_string(level));
        }
      }
    }
  }
  return {};
}

// Nodes by falling level, the entry point first.
NodeOrder ImportedOrder(const ImportedGraph& graph) {
  NodeOrder order;
  order.rows.resize(graph.levels.size());
  std::iota(order.rows.begin(), order.rows.end(), 0);
  std::stable_sort(order.rows.begin(), order.rows.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (graph.levels[a] != graph.levels[b]) return graph.levels[a] > graph.levels[b];
    return a == graph.entry_point && b != graph.entry_point;
  });
  order.level_counts.assign(graph.levels.empty() ? 1 : graph.levels[order.rows[0]] + 1, 0);
  for (const std::uint32_t level : graph.levels) {
    for (std::uint32_t l = 0; l <= level; ++l) ++order.level_counts[l];
  }
  return order;
}

}  // namespace

Result<HnswBuildReport> ImportHnswIndex(ImportedGraph graph, const HnswBuildParams& params,
                                        const std::string& file_path, ThreadPool& pool,
                                        const Cancellation& cancellation, Progress& progress) {
  HnswBuildParams used = params;
  used.m = graph.m;
  TRY(CheckHnswParams(used));
  TRY(CheckHnswShape(graph.rows.rows(), graph.rows.cols(), "imported graph"));
  TRY(CheckGraph(graph));
  NodeOrder order = ImportedOrder(graph);
  std::vector<std::uint32_t> position(order.rows.size());
  for (std::uint32_t node = 0; node < position.size(); ++node) position[order.rows[node]] = node;
  const SourceRows source = TRY(SourceRows::Copy(graph.rows.view(), params.metric, position));
  const auto rows = static_cast<std::uint32_t>(position.size());
  const HnswAssembly assembly =
      TRY(EncodeRows(source.rows(), rows, used, pool, cancellation, progress));

  HnswGraph ours(order.level_counts, used.m);
  for (std::size_t level = 0; level < ours.levels(); ++level) {
    for (std::uint32_t node = 0; node < ours.count(level); ++node) {
      const std::vector<std::uint32_t>& links = graph.links[level][order.rows[node]];
      const std::span<std::uint32_t> row = ours.row(level, node);
      for (std::size_t i = 0; i < links.size(); ++i) row[i] = position[links[i]];
    }
  }
  for (std::uint32_t& row : order.rows) row = graph.ids[row];
  return FinishHnsw(assembly, ours, used, order, CalibrationResult{}, file_path, cancellation,
                    progress);
}

}  // namespace kith
