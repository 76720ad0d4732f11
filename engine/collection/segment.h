// The segments of one named vector, as searches see them.
//
// A live segment is in memory and takes vectors (index/hnsw/live_index.h); a sealed one is an index
// file that never changes (index/vector_index.h).  Ids inside both are slots.  A position whose
// vector was overwritten or deleted is masked by a bit; bits are copied before they are changed, so
// that a FieldSnapshot never changes.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "index/hnsw/live_index.h"
#include "index/index_directory.h"
#include "index/vector_index.h"

namespace kith {

using DeletedBits = std::vector<std::uint64_t>;

// Searchers at rest, so that a search finds one with its memory ready.
template <class T>
class SearcherPool {
 public:
  template <class Index>
  std::unique_ptr<T> Take(const Index& index) const {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<T> searcher = std::move(idle_.back());
        idle_.pop_back();
        return searcher;
      }
    }
    return index.NewSearcher();
  }
  void Give(std::unique_ptr<T> searcher) const {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleMax) idle_.push_back(std::move(searcher));
  }

 private:
  static constexpr std::size_t kIdleMax = 64;
  mutable std::mutex mutex_;  // guards idle_
  mutable std::vector<std::unique_ptr<T>> idle_;
};

class SealedSegment {
 public:
  // Opens the index file; errors of OpenHnswIndex, and kCorruption for a slot that stands twice.
  static Result<std::shared_ptr<const SealedSegment>> Open(const std::string& path,
                                                           std::string name, std::uint32_t serial,
                                                           LoadMode mode);
  const std::string& name() const { return name_; }
  std::uint32_t serial() const { return serial_; }
  const VectorIndex& index() const { return *index_; }
  std::uint32_t rows() const { return static_cast<std::uint32_t>(index_->ids().size()); }
  std::optional<std::uint32_t> PositionOf(std::uint32_t slot) const;
  const SearcherPool<Searcher>& searchers() const { return searchers_; }
  std::uint64_t memory_bytes() const;

 private:
  SealedSegment() = default;
  Status IndexSlots(const std::string& path);

  std::string name_;
  std::uint32_t serial_ = 0;
  std::unique_ptr<VectorIndex> index_;
  // Position of slot first_slot_ + i; sparse segments have sorted (slot, position) instead.
  std::uint32_t first_slot_ = 0;
  std::vector<std::uint32_t> dense_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sparse_;
  SearcherPool<Searcher> searchers_;
};

struct LiveSegment {
  std::uint32_t serial = 0;
  std::uint64_t first_sequence = 0;         // of its first row
  double opened_seconds = 0;                // WallSeconds()
  std::atomic<double> appended_seconds{0};  // of the last row
  std::unique_ptr<LiveIndex> index;
  SearcherPool<LiveSearcher> searchers;
};

// One segment at one moment: either sealed or live.
struct SegmentView {
  std::shared_ptr<const SealedSegment> sealed;
  std::shared_ptr<LiveSegment> live;
  std::uint32_t rows = 0;                      // positions that count
  std::shared_ptr<const DeletedBits> deleted;  // null: none
  std::uint32_t deleted_count = 0;

  std::uint32_t serial() const { return sealed ? sealed->serial() : live->serial; }
  std::uint32_t live_rows() const { return rows - deleted_count; }
  bool IsDeleted(std::uint32_t position) const {
    return deleted && ((*deleted)[position / 64] >> (position % 64) & 1) != 0;
  }
  std::uint32_t SlotAt(std::uint32_t position) const {
    return sealed ? sealed->index().ids()[position] : live->index->IdAt(position);
  }
  void VectorAt(std::uint32_t position, std::span<float> vector) const {
    if (sealed) {
      sealed->index().VectorAt(position, vector);
    } else {
      live->index->VectorAt(position, vector);
    }
  }
};

struct FieldSnapshot {
  std::vector<SegmentView> segments;
  std::uint64_t vectors() const {
    std::uint64_t sum = 0;
    for (const SegmentView& segment : segments) sum += segment.live_rows();
    return sum;
  }
};

}  // namespace kith
