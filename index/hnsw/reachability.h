// Every node must be reachable from the entry point, or searches would never return it.
//
// Node selection alone does not promise that: in a dense cluster every neighbour may drop the link
// back to a node.  So a build ends with a pass that finds such nodes and links to them.
#pragma once

#include <cstdint>
#include <vector>

#include "index/hnsw/graph.h"

namespace kith {

// Nodes that no path of level-0 links from node 0 reaches, in id order.
std::vector<std::uint32_t> UnreachableNodes(const GraphView& graph);

// Links every unreachable node from a reachable one: the nearest in link steps with room in its row
// (at most `limit` links).  Returns how many nodes were reconnected.
// REQUIRES: limit * nodes exceeds the number of links (true for any graph built here).
std::size_t ConnectUnreachable(HnswGraph& graph, std::size_t limit);

}  // namespace kith
