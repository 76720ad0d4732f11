#include "index/hnsw/live_graph.h"

#include <algorithm>
#include <cassert>

#include "index/hnsw/node_order.h"

namespace kith {

LiveGraph::LiveGraph(std::uint32_t capacity, std::uint32_t m, std::uint64_t seed)
    : capacity_(capacity), m_(m), seed_(seed), row_of_(capacity) {
  for (std::uint32_t node = 0; node < capacity; ++node) upper_capacity_ += LevelOf(node);
  ground_ = AlignedBuffer(std::size_t{capacity} * GroundWidth(m) * sizeof(std::uint32_t));
  upper_ = AlignedBuffer(std::size_t{upper_capacity_} * m * sizeof(std::uint32_t));
}

std::uint32_t LiveGraph::LevelOf(std::uint32_t node) const { return RandomLevel(seed_, node, m_); }

LiveLevel LiveGraph::Level(std::size_t level, std::uint32_t count) const {
  if (level == 0) {
    return {ground_.as<std::uint32_t>().data(), nullptr, 0, GroundWidth(m_), count};
  }
  return {upper_.as<std::uint32_t>().data(), row_of_.data(), static_cast<std::uint32_t>(level - 1),
          m_, count};
}

void LiveGraph::View(LiveView& view) const {
  // The entry point is published after its node, so it is below the count read after it.
  const std::uint64_t entry = entry_.load(std::memory_order_acquire);
  const std::uint32_t count = linked();
  view.entry = static_cast<std::uint32_t>(entry);
  view.levels.clear();
  for (std::size_t level = 0; level <= entry >> 32; ++level) {
    view.levels.push_back(Level(level, count));
  }
}

std::uint32_t* LiveGraph::Row(std::size_t level, std::uint32_t node) {
  if (level == 0) return ground_.as<std::uint32_t>().data() + std::size_t{node} * GroundWidth(m_);
  return upper_.as<std::uint32_t>().data() + std::size_t{row_of_[node] + level - 1} * m_;
}

void LiveGraph::Add(std::uint32_t node) {
  assert(node == linked_.load(std::memory_order_relaxed) && node < capacity_);
  row_of_[node] = upper_rows_;
  const std::uint32_t top = LevelOf(node);
  upper_rows_ += top;
  assert(upper_rows_ <= upper_capacity_);
  for (std::size_t level = 0; level <= top; ++level) SetLinks(level, node, {});
}

void LiveGraph::SetLinks(std::size_t level, std::uint32_t node,
                         std::span<const std::uint32_t> links) {
  const std::size_t width = level == 0 ? GroundWidth(m_) : m_;
  assert(links.size() <= LinkLimit(level));
  std::uint32_t* row = Row(level, node);
  for (std::size_t i = 0; i < width; ++i) {
    __atomic_store_n(row + i, i < links.size() ? links[i] : kNoLink, __ATOMIC_RELAXED);
  }
}

void LiveGraph::Publish() {
  const std::uint32_t node = linked_.load(std::memory_order_relaxed);
  linked_.store(node + 1, std::memory_order_release);
  const std::uint64_t level = LevelOf(node);
  if (node == 0 || level > entry_.load(std::memory_order_relaxed) >> 32) {
    entry_.store(level << 32 | node, std::memory_order_release);
  }
}

std::size_t LiveGraph::memory_bytes() const {
  return ground_.size() + upper_.size() + row_of_.size() * sizeof(std::uint32_t);
}

}  // namespace kith
