// The values of a field in order: pairs (key, slot), for ranges and for order_by.
//
// A B+-tree of two levels: a directory of buckets, each with up to kBucketMax pairs in order.  An
// insertion moves half a bucket (3 KB, about 60 ns), and a full bucket splits, which moves the
// directory: 24 bytes for every 256 pairs.  A range is two searches and a run over buckets.
//
// Rejected: a sorted array with an unsorted tail (a merge of all every so often: a pause of 100 ms
// at 10 million), std::set (80 bytes a pair, a cache miss for each step of a range), one SlotSet a
// value (a range over a million values of one slot each is a million unions), bit-sliced indexes
// (64 set operations of the size of all for any range).
//
// Keys are totally ordered by <; there are no NaNs.  Thread-compatible.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "index/payload/slot_set.h"

namespace kith {

template <typename Key>
class SortedColumn {
 public:
  // Of a pair, or behind the last one.
  struct Position {
    std::size_t bucket = 0, index = 0;
    // NOLINTNEXTLINE(modernize-use-nullptr): the tool takes the 0 of a comparison for a pointer
    friend auto operator<=>(const Position&, const Position&) = default;
  };

  void Insert(Key key, Slot slot) {
    ++size_;
    if (directory_.empty()) {
      directory_.push_back(NewBucket({key}, {slot}));
      return;
    }
    const std::size_t at = BucketOf(key, slot);
    Entry& entry = directory_[at];
    Bucket& bucket = *entry.bucket;
    const std::size_t index = IndexIn(bucket, key, slot);
    if (at + 1 == directory_.size() && index == kBucketMax) {
      directory_.push_back(NewBucket({key}, {slot}));  // ascending keys fill their buckets
      return;
    }
    bucket.keys.insert(bucket.keys.begin() + static_cast<std::ptrdiff_t>(index), key);
    bucket.slots.insert(bucket.slots.begin() + static_cast<std::ptrdiff_t>(index), slot);
    ++entry.count;
    if (index == 0) entry.low = {key, slot};
    if (entry.count > kBucketMax) Split(at);
  }

  // REQUIRES: the pair is there.
  void Erase(Key key, Slot slot) {
    const std::size_t at = BucketOf(key, slot);
    Entry& entry = directory_[at];
    Bucket& bucket = *entry.bucket;
    const std::size_t index = IndexIn(bucket, key, slot);
    assert(index < bucket.slots.size() && bucket.slots[index] == slot);
    bucket.keys.erase(bucket.keys.begin() + static_cast<std::ptrdiff_t>(index));
    bucket.slots.erase(bucket.slots.begin() + static_cast<std::ptrdiff_t>(index));
    --size_;
    if (--entry.count == 0) {
      directory_.erase(directory_.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (index == 0) {
      entry.low = {bucket.keys[0], bucket.slots[0]};
    }
  }

  // From pairs in any order.  REQUIRES: the column is empty.
  void Build(std::vector<std::pair<Key, Slot>> pairs) {
    assert(size_ == 0);
    std::sort(pairs.begin(), pairs.end());
    for (std::size_t begin = 0; begin < pairs.size(); begin += kBucketBuilt) {
      const std::size_t end = std::min(begin + kBucketBuilt, pairs.size());
      std::vector<Key> keys;
      std::vector<Slot> slots;
      for (std::size_t i = begin; i < end; ++i) {
        keys.push_back(pairs[i].first);
        slots.push_back(pairs[i].second);
      }
      directory_.push_back(NewBucket(std::move(keys), std::move(slots)));
    }
    size_ = pairs.size();
  }

  std::uint64_t size() const { return size_; }
  Position begin() const { return {0, 0}; }
  Position end() const { return {directory_.size(), 0}; }

  // The first pair whose key is not `below(key)`.  REQUIRES: `below` holds for a prefix of the
  // keys.
  template <typename Below>
  Position FirstNot(Below below) const {
    const auto entry = std::partition_point(directory_.begin(), directory_.end(),
                                            [&](const Entry& one) { return below(one.low.first); });
    if (entry == directory_.begin()) return begin();
    const auto at = static_cast<std::size_t>(entry - directory_.begin()) - 1;
    const std::vector<Key>& keys = directory_[at].bucket->keys;
    const auto index = static_cast<std::size_t>(
        std::partition_point(keys.begin(), keys.end(), below) - keys.begin());
    return index == keys.size() ? Position{at + 1, 0} : Position{at, index};
  }

  // Pairs in [from, to).  O(buckets between).
  std::uint64_t Count(Position from, Position to) const {
    if (from >= to) return 0;
    std::uint64_t count = to.index;
    for (std::size_t at = from.bucket; at < to.bucket; ++at) count += directory_[at].count;
    return count - from.index;
  }

  // Calls visit(key, slot) for the pairs in [from, to), in order or in reverse; a visit that
  // returns false ends the walk.
  template <typename Visit>
  void ForEach(Position from, Position to, Visit visit) const {
    for (std::size_t at = from.bucket; at < directory_.size() && Position{at, 0} < to; ++at) {
      const Bucket& bucket = *directory_[at].bucket;
      const std::size_t stop = at == to.bucket ? to.index : bucket.keys.size();
      for (std::size_t i = at == from.bucket ? from.index : 0; i < stop; ++i) {
        if (!visit(bucket.keys[i], bucket.slots[i])) return;
      }
    }
  }
  template <typename Visit>
  void ForEachReverse(Position from, Position to, Visit visit) const {
    for (std::size_t at = std::min(to.bucket + 1, directory_.size()); at-- > from.bucket;) {
      const Bucket& bucket = *directory_[at].bucket;
      const std::size_t start = at == to.bucket ? to.index : bucket.keys.size();
      const std::size_t stop = at == from.bucket ? from.index : 0;
      for (std::size_t i = start; i-- > stop;) {
        if (!visit(bucket.keys[i], bucket.slots[i])) return;
      }
    }
  }

  // The slots of the pairs in [from, to).
  std::vector<Slot> Slots(Position from, Position to) const {
    std::vector<Slot> slots;
    slots.reserve(Count(from, to));
    for (std::size_t at = from.bucket; at < directory_.size() && Position{at, 0} < to; ++at) {
      const std::vector<Slot>& all = directory_[at].bucket->slots;
      const std::size_t start = at == from.bucket ? from.index : 0;
      const std::size_t stop = at == to.bucket ? to.index : all.size();
      slots.insert(slots.end(), all.begin() + static_cast<std::ptrdiff_t>(start),
                   all.begin() + static_cast<std::ptrdiff_t>(stop));
    }
    return slots;
  }

  std::size_t memory_bytes() const {
    std::size_t bytes = directory_.capacity() * sizeof(Entry);
    for (const Entry& entry : directory_) {
      bytes += sizeof(Bucket) + entry.bucket->keys.capacity() * sizeof(Key) +
               entry.bucket->slots.capacity() * sizeof(Slot);
    }
    return bytes;
  }

 private:
  static constexpr std::size_t kBucketMax = 512;
  static constexpr std::size_t kBucketBuilt = 384;  // leaves room for insertions

  struct Bucket {
    std::vector<Key> keys;
    std::vector<Slot> slots;
  };
  struct Entry {
    std::pair<Key, Slot> low;  // the bucket's first pair
    std::uint32_t count;
    std::unique_ptr<Bucket> bucket;
  };

  static Entry NewBucket(std::vector<Key> keys, std::vector<Slot> slots) {
    Entry entry{.low = {keys[0], slots[0]},
                .count = static_cast<std::uint32_t>(keys.size()),
                .bucket = std::make_unique<Bucket>()};
    entry.bucket->keys = std::move(keys);
    entry.bucket->slots = std::move(slots);
    return entry;
  }

  // The bucket where the pair is or belongs.  REQUIRES: there is a bucket.
  std::size_t BucketOf(Key key, Slot slot) const {
    const auto after =
        std::partition_point(directory_.begin(), directory_.end(),
                             [&](const Entry& entry) { return entry.low <= std::pair(key, slot); });
    return after == directory_.begin() ? 0
                                       : static_cast<std::size_t>(after - directory_.begin()) - 1;
  }

  static std::size_t IndexIn(const Bucket& bucket, Key key, Slot slot) {
    const auto range = std::equal_range(bucket.keys.begin(), bucket.keys.end(), key);
    const auto first = range.first - bucket.keys.begin(), last = range.second - bucket.keys.begin();
    return static_cast<std::size_t>(
        std::lower_bound(bucket.slots.begin() + first, bucket.slots.begin() + last, slot) -
        bucket.slots.begin());
  }

  void Split(std::size_t at) {
    Bucket& full = *directory_[at].bucket;
    const auto half = static_cast<std::ptrdiff_t>(full.keys.size() / 2);
    Entry upper = NewBucket({full.keys.begin() + half, full.keys.end()},
                            {full.slots.begin() + half, full.slots.end()});
    full.keys.resize(static_cast<std::size_t>(half));
    full.slots.resize(static_cast<std::size_t>(half));
    directory_[at].count = static_cast<std::uint32_t>(half);
    directory_.insert(directory_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
  }

  std::vector<Entry> directory_;
  std::uint64_t size_ = 0;
};

}  // namespace kith
