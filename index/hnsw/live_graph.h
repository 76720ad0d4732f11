// The links of a graph that grows while it is searched: one writer, many readers, no lock.
//
// Rows stand in the order of arrival.  A reader sees the graph as of the moment its view was taken,
// as far as nodes go: links to later nodes are skipped.  Lists may change under it, which a walk
// does not mind: whatever mixture of two states it reads, every link is a node.  Links are written
// and read as relaxed atomics; the count of linked nodes is published with release and taken with
// acquire, so that whatever belongs to a node below it is visible.
//
// Thread-safe as said: Add and SetLinks by one thread at a time, views by any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned_buffer.h"
#include "index/hnsw/graph.h"

namespace kith {

struct LiveLevel {
  const std::uint32_t* links = nullptr;
  const std::uint32_t* row_of = nullptr;  // upper levels: first row of a node; null: the node
  std::uint32_t row_offset = 0;           // of this level among the upper rows of a node
  std::uint32_t width = 0;
  std::uint32_t count = 0;  // nodes visible

  const std::uint32_t* row(std::uint32_t node) const {
    const std::size_t index = row_of == nullptr ? node : row_of[node] + row_offset;
    return links + index * width;
  }
  const std::uint32_t* Read(std::uint32_t node, std::uint32_t* buffer) const {
    const std::uint32_t* from = row(node);
    std::uint32_t degree = 0;
    for (std::uint32_t i = 0; i < width; ++i) {
      const std::uint32_t link = __atomic_load_n(from + i, __ATOMIC_RELAXED);
      if (link == kNoLink) break;
      buffer[degree] = link;
      degree += link < count;
    }
    if (degree < width) buffer[degree] = kNoLink;
    return buffer;
  }
};

struct LiveView {
  std::vector<LiveLevel> levels;
  std::uint32_t entry = 0;
  std::uint32_t rows() const { return levels.empty() ? 0 : levels[0].count; }
};

class LiveGraph {
 public:
  // Memory for `capacity` nodes is reserved, and used as they come.
  LiveGraph(std::uint32_t capacity, std::uint32_t m, std::uint64_t seed);

  std::uint32_t m() const { return m_; }
  std::uint32_t linked() const { return linked_.load(std::memory_order_acquire); }
  std::uint32_t LevelOf(std::uint32_t node) const;
  std::size_t LinkLimit(std::size_t level) const { return level == 0 ? std::size_t{2} * m_ : m_; }

  // Refills `view` with the nodes linked so far; no allocation once it had as many levels.
  void View(LiveView& view) const;

  // Writer: makes the rows of node linked(), empty.  It is not visible before Publish.
  void Add(std::uint32_t node);
  // Writer: replaces a list.  REQUIRES: links.size() <= LinkLimit(level).
  void SetLinks(std::size_t level, std::uint32_t node, std::span<const std::uint32_t> links);
  // Writer: node linked() becomes visible, and the entry point if it is the highest.
  void Publish();

  std::size_t memory_bytes() const;

 private:
  std::uint32_t* Row(std::size_t level, std::uint32_t node);
  LiveLevel Level(std::size_t level, std::uint32_t count) const;

  std::uint32_t capacity_, m_;
  std::uint64_t seed_;
  std::uint32_t upper_rows_ = 0, upper_capacity_ = 0;
  AlignedBuffer ground_, upper_;
  std::vector<std::uint32_t> row_of_;
  std::atomic<std::uint32_t> linked_{0};
  std::atomic<std::uint64_t> entry_{0};  // level in the upper half, node in the lower
};

}  // namespace kith
