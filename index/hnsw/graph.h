// The layers of an HNSW graph as fixed rows of links.
//
// Nodes are numbered by falling level: level l holds nodes 0 .. count(l) - 1, so a level is a dense
// array of rows and node 0 is the entry point.  A row has `width` ids, nearest choices of the
// builder first, the rest kNoLink.  Level 0 rows are multiples of a cache line.
//
// HnswGraph owns its rows; GraphView borrows them from it or from a mapped file.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned_buffer.h"

namespace kith {

inline constexpr std::uint32_t kNoLink = 0xffffffff;
inline constexpr std::size_t kLevelsMax = 32;

struct GraphLevel {
  const std::uint32_t* links = nullptr;
  std::uint32_t width = 0;
  std::uint32_t count = 0;

  const std::uint32_t* row(std::uint32_t node) const {
    return links + static_cast<std::size_t>(node) * width;
  }
  // The row, for walks; a graph that changes meanwhile copies it to the buffer (`width` ids).
  const std::uint32_t* Read(std::uint32_t node, std::uint32_t*) const { return row(node); }
  // Links of `node`, without the padding.
  std::span<const std::uint32_t> links_of(std::uint32_t node) const {
    const std::uint32_t* begin = row(node);
    std::uint32_t degree = 0;
    while (degree < width && begin[degree] != kNoLink) ++degree;
    return {begin, degree};
  }
};

struct GraphView {
  std::vector<GraphLevel> levels;  // from the ground up; at least one
  static constexpr std::uint32_t entry = 0;
  std::uint32_t rows() const { return levels.empty() ? 0 : levels[0].count; }
};

class HnswGraph {
 public:
  HnswGraph() = default;
  // counts[l] nodes on level l.  All rows empty.
  HnswGraph(std::span<const std::uint32_t> counts, std::uint32_t m);

  std::size_t levels() const { return levels_.size(); }
  std::uint32_t count(std::size_t level) const { return levels_[level].count; }
  std::uint32_t width(std::size_t level) const { return levels_[level].width; }
  std::span<std::uint32_t> row(std::size_t level, std::uint32_t node) {
    Level& rows = levels_[level];
    assert(node < rows.count);
    return rows.links.as<std::uint32_t>().subspan(std::size_t{node} * rows.width, rows.width);
  }
  std::span<const std::byte> bytes(std::size_t level) const { return levels_[level].links.bytes(); }
  GraphView view() const;

 private:
  struct Level {
    AlignedBuffer links;
    std::uint32_t width = 0, count = 0;
  };
  std::vector<Level> levels_;
};

// Ids a row of level 0 holds: 2 m, rounded up to whole cache lines.
constexpr std::uint32_t GroundWidth(std::uint32_t m) { return (2 * m + 15) / 16 * 16; }

}  // namespace kith
