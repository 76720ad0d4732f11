// The k nearest by float64 distance, ties to the lower id.
//
// core/top_k.h does the same for f32 distances; here the order is settled before distances are
// rounded to f32.  The heap lives in memory of the caller, so that one array serves many queries.
// Thread-safe: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace kith {

struct ExactNeighbor {
  double distance = 0;
  std::uint32_t id = 0;

  friend bool operator<(const ExactNeighbor& a, const ExactNeighbor& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
  }
};

// Offers `neighbor` to the heap heap[0, size), farthest first, of at most k entries.
// REQUIRES: k > 0; room for k entries.
inline void PushNearest(ExactNeighbor* heap, std::uint32_t& size, std::size_t k,
                        const ExactNeighbor& neighbor) {
  if (size == k) {
    if (!(neighbor < heap[0])) return;
    std::pop_heap(heap, heap + size--);
  }
  heap[size++] = neighbor;
  std::push_heap(heap, heap + size);
}

}  // namespace kith
