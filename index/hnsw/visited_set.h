// Which nodes a walk has seen: one bit a node.
//
// Clearing undoes only the words that were touched while those are few.  Thread-compatible.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kith {

class VisitedSet {
 public:
  explicit VisitedSet(std::size_t nodes) { Grow(nodes); }

  // Makes room for `nodes` where there was less.  REQUIRES: clear.
  void Grow(std::size_t nodes) {
    if (words_.size() * 64 >= nodes && !touched_.empty()) return;
    words_.resize((nodes + 63) / 64, 0);
    touched_.resize(words_.size() / 4 + 64);
  }

  // Sets the bit; returns 1 when it was clear, else 0.  No branch.
  std::size_t Insert(std::uint32_t node) {
    std::uint64_t& word = words_[node / 64];
    const std::uint64_t bit = std::uint64_t{1} << (node % 64);
    const std::size_t fresh = (word & bit) == 0;
    word |= bit;
    return fresh;
  }

  // Tells which nodes were inserted since the last Clear, so that it need not sweep all words.
  void Remember(const std::uint32_t* nodes, std::size_t count) {
    if (touched_count_ + count > touched_.size()) {
      touched_count_ = touched_.size() + 1;  // too many: sweep
      return;
    }
    std::copy(nodes, nodes + count, touched_.begin() + static_cast<std::ptrdiff_t>(touched_count_));
    touched_count_ += count;
  }

  void Clear() {
    if (touched_count_ > touched_.size()) {
      std::fill(words_.begin(), words_.end(), 0);
    } else {
      for (std::size_t i = 0; i < touched_count_; ++i) words_[touched_[i] / 64] = 0;
    }
    touched_count_ = 0;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::vector<std::uint32_t> touched_;
  std::size_t touched_count_ = 0;
};

}  // namespace kith
