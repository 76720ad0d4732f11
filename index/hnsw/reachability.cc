#include "index/hnsw/reachability.h"

#include <algorithm>

namespace kith {
namespace {

// Marks all that `start` reaches; returns the newly marked ones.
std::vector<std::uint32_t> Spread(const GraphLevel& level, std::uint32_t start,
                                  std::vector<bool>& reached) {
  std::vector<std::uint32_t> found = {start};
  reached[start] = true;
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const std::uint32_t link : level.links_of(found[i])) {
      if (reached[link]) continue;
      reached[link] = true;
      found.push_back(link);
    }
  }
  return found;
}

// Breadth-first from `node` over its links: the first reached node with room.  Looks at no more
// than kLooked nodes, since room is nearly always near.
std::uint32_t FindHost(const GraphLevel& level, std::uint32_t node, std::size_t limit,
                       const std::vector<bool>& reached) {
  constexpr std::size_t kLooked = 512;
  std::vector<std::uint32_t> found = {node};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const std::uint32_t link : level.links_of(found[i])) {
      if (reached[link] && level.links_of(link).size() < limit) return link;
      if (found.size() < kLooked && std::find(found.begin(), found.end(), link) == found.end()) {
        found.push_back(link);
      }
    }
  }
  return kNoLink;
}

}  // namespace

std::vector<std::uint32_t> UnreachableNodes(const GraphView& graph) {
  std::vector<std::uint32_t> lost;
  if (graph.rows() == 0) return lost;
  std::vector<bool> reached(graph.rows(), false);
  Spread(graph.levels[0], 0, reached);
  for (std::uint32_t node = 0; node < graph.rows(); ++node) {
    if (!reached[node]) lost.push_back(node);
  }
  return lost;
}

std::size_t ConnectUnreachable(HnswGraph& graph, std::size_t limit) {
  const std::uint32_t rows = graph.count(0);
  if (rows == 0) return 0;
  const GraphView view = graph.view();
  const GraphLevel& level = view.levels[0];
  std::vector<bool> reached(rows, false);
  Spread(level, 0, reached);

  std::size_t connected = 0;
  std::uint32_t spare = 0;  // first node that may have room, when none is near
  for (std::uint32_t node = 0; node < rows; ++node) {
    if (reached[node]) continue;
    std::uint32_t host = FindHost(level, node, limit, reached);
    if (host == kNoLink) {
      while (!reached[spare] || level.links_of(spare).size() >= limit) spare = (spare + 1) % rows;
      host = spare;
    }
    graph.row(0, host)[level.links_of(host).size()] = node;
    Spread(level, node, reached);
    ++connected;
  }
  return connected;
}

}  // namespace kith
