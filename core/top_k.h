// The k nearest of a stream of (distance, id), ties to the lower id.
//
// A bounded max-heap of k entries: O(log k) for an entry that gets in, one comparison for one
// that does not.  No allocation after construction.  Thread-compatible.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace kith {

struct Neighbor {
  float distance = std::numeric_limits<float>::infinity();
  std::uint32_t id = 0;

  // By distance, then by id: the order of every result list.
  friend bool operator<(const Neighbor& a, const Neighbor& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
  }
  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

// Offers `neighbor` to `nearest`, a heap of at most k entries with the farthest in front.
inline void KeepNearest(std::vector<Neighbor>& nearest, std::size_t k, const Neighbor& neighbor) {
  if (nearest.size() < k) {
    nearest.push_back(neighbor);
    std::push_heap(nearest.begin(), nearest.end());
  } else if (neighbor < nearest.front()) {
    std::pop_heap(nearest.begin(), nearest.end());
    nearest.back() = neighbor;
    std::push_heap(nearest.begin(), nearest.end());
  }
}

class TopK {
 public:
  // REQUIRES: k > 0.
  explicit TopK(std::size_t k) : k_(k) { heap_.reserve(k); }

  std::size_t size() const { return heap_.size(); }
  bool full() const { return heap_.size() == k_; }
  // Only a distance at or below this can get in.
  float threshold() const {
    return full() ? heap_.front().distance : std::numeric_limits<float>::infinity();
  }

  void Push(Neighbor neighbor) { KeepNearest(heap_, k_, neighbor); }

  // Nearest first; leaves this empty for the next stream.  The view lasts until the next Push.
  const std::vector<Neighbor>& Sort() {
    std::sort_heap(heap_.begin(), heap_.end());
    sorted_.swap(heap_);
    heap_.clear();
    heap_.reserve(k_);
    return sorted_;
  }

 private:
  std::size_t k_;
  std::vector<Neighbor> heap_, sorted_;
};

}  // namespace kith
