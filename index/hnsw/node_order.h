// Which node stands where: levels and insertion order before a build, locality after it.
//
// Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "index/hnsw/graph.h"

namespace kith {

struct NodeOrder {
  std::vector<std::uint32_t> rows;          // row of each node
  std::vector<std::uint32_t> level_counts;  // nodes on each level, at least one level
};

// The level of a row as in the paper, floor(-ln(U) / ln(m)); depends on the arguments alone.
std::uint32_t RandomLevel(std::uint64_t seed, std::uint32_t row, std::uint32_t m);

// Nodes by falling RandomLevel, and within a level in a random order.
NodeOrder RandomNodeOrder(std::uint32_t rows, std::uint32_t m, std::uint64_t seed);

// Nodes in breadth-first order from node 0, stably sorted by falling level: what is walked together
// lies together.  Entry i is the node that moves to position i.
std::vector<std::uint32_t> LocalityOrder(const GraphView& graph);

}  // namespace kith
