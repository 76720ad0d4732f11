// The best candidates of a walk: one sorted array, nearest first.
//
// An entry is one 64-bit key: distance (as an unsigned number that sorts like the float), then the
// id, then a bit that says "expanded".  So one comparison orders by distance and breaks ties by
// id, and an insertion is a binary search and one memmove; up to pools of about a thousand that
// beats a heap.  Thread-compatible.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace kith {

// Unsigned numbers in the order of the floats (no NaN).
inline std::uint32_t OrderedBits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return bits ^ ((bits >> 31) != 0 ? 0xffffffffu : 0x80000000u);
}
inline float FromOrderedBits(std::uint32_t ordered) {
  return std::bit_cast<float>(ordered ^ ((ordered >> 31) != 0 ? 0x80000000u : 0xffffffffu));
}

class CandidatePool {
 public:
  using Key = std::uint64_t;
  static Key MakeKey(float distance, std::uint32_t id) {
    return (Key{OrderedBits(distance)} << 32) | (Key{id} << 1);
  }
  static float Distance(Key key) { return FromOrderedBits(static_cast<std::uint32_t>(key >> 32)); }
  static std::uint32_t Id(Key key) { return static_cast<std::uint32_t>(key) >> 1; }

  // Empties the pool and sets how many entries it keeps.  Allocates only beyond former sizes.
  void Reset(std::size_t capacity) {
    if (keys_.size() < capacity + 1) keys_.resize(capacity + 1);
    capacity_ = capacity;
    size_ = cursor_ = 0;
  }

  std::size_t size() const { return size_; }
  Key operator[](std::size_t i) const { return keys_[i]; }
  float distance(std::size_t i) const { return Distance(keys_[i]); }
  std::uint32_t id(std::size_t i) const { return Id(keys_[i]); }

  // Only keys below this get in.
  Key threshold() const { return size_ == capacity_ ? keys_[size_ - 1] : ~Key{0}; }

  // Position taken.  REQUIRES: key < threshold(), not expanded.
  std::size_t Insert(Key key) {
    std::size_t low = 0, count = size_;
    while (count > 0) {  // branch-free lower bound
      const std::size_t half = count / 2;
      const bool right = keys_[low + half] < key;
      low = right ? low + half + 1 : low;
      count = right ? count - half - 1 : half;
    }
    const std::size_t kept = size_ == capacity_ ? size_ - 1 : size_;
    std::memmove(&keys_[low + 1], &keys_[low], (kept - low) * sizeof(Key));
    keys_[low] = key;
    size_ = kept + 1;
    if (low < cursor_) cursor_ = low;
    return low;
  }

  // Nearest entry not expanded yet, or size().
  std::size_t next() {
    while (cursor_ < size_ && (keys_[cursor_] & 1) != 0) ++cursor_;
    return cursor_;
  }
  // Marks entry i as expanded and returns its id.
  std::uint32_t Expand(std::size_t i) {
    assert(i < size_);
    keys_[i] |= 1;
    return Id(keys_[i]);
  }

  // Drops all entries but those whose id passes; order stays.
  template <class Accept>
  void KeepOnly(const Accept& accept) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (accept(Id(keys_[i]))) keys_[kept++] = keys_[i];
    }
    size_ = kept;
    cursor_ = 0;
  }

 private:
  std::vector<Key> keys_;
  std::size_t capacity_ = 0, size_ = 0, cursor_ = 0;
};

}  // namespace kith
