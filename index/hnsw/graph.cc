#include "index/hnsw/graph.h"

#include <algorithm>

namespace kith {

HnswGraph::HnswGraph(std::span<const std::uint32_t> counts, std::uint32_t m) {
  for (std::size_t level = 0; level < counts.size(); ++level) {
    Level rows;
    rows.count = counts[level];
    rows.width = level == 0 ? GroundWidth(m) : m;
    rows.links = AlignedBuffer(std::size_t{rows.count} * rows.width * sizeof(std::uint32_t));
    std::ranges::fill(rows.links.as<std::uint32_t>(), kNoLink);
    levels_.push_back(std::move(rows));
  }
}

GraphView HnswGraph::view() const {
  GraphView view;
  for (const Level& level : levels_) {
    view.levels.push_back({level.links.as<std::uint32_t>().data(), level.width, level.count});
  }
  return view;
}

}  // namespace kith
