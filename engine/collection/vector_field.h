// One named vector of a collection, on the writer's side: which segment has the vector of a slot,
// and what searches see.
//
// Changes (Put, Erase, Adopt, Replace) happen between two Freezes; a snapshot frozen before them
// does not notice.  Thread-compatible: the collection guards it with its points mutex.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/collection/collection_config.h"
#include "engine/collection/segment.h"

namespace kith {

class VectorField {
 public:
  VectorField(std::string name, const VectorConfig& config, const OptimizerConfig& optimizer);

  const std::string& name() const { return name_; }
  const VectorConfig& config() const { return config_; }
  bool Has(std::uint32_t slot) const {
    return slot < locations_.size() && locations_[slot].serial != 0;
  }

  // The slot's vector from now on.  `vector` is as VectorIndex keeps it: finite, for cosine
  // normalised.  Opens a further live segment when the last is full.
  Status Put(std::uint32_t slot, std::span<const float> vector, std::uint64_t sequence);
  void Erase(std::uint32_t slot);

  // A sealed segment of this collection, when opening; bits of those that were deleted.
  // REQUIRES: `deleted` is null or has a bit for each row.
  Status Adopt(std::shared_ptr<const SealedSegment> segment, std::shared_ptr<DeletedBits> deleted);

  // Puts `sealed` in the place of the segments it was built from, as they were in `built_from`.
  // What was deleted or overwritten meanwhile is masked in it.  Null: they had nothing left.
  void Replace(const FieldSnapshot& built_from, std::shared_ptr<const SealedSegment> sealed);

  FieldSnapshot Freeze();
  std::uint32_t NextSerial() { return next_serial_++; }
  void ReserveSerial(std::uint32_t serial) { next_serial_ = std::max(next_serial_, serial + 1); }
  // The lowest sequence number whose rows are only in memory; `none` when there is no such row.
  std::uint64_t FirstUnsealed(std::uint64_t none) const;

 private:
  struct Entry {
    SegmentView view;
    std::shared_ptr<DeletedBits> bits;  // ours to change, when it is not shared with a snapshot
  };
  struct Location {
    std::uint32_t serial = 0;  // 0: no vector
    std::uint32_t position = 0;
  };

  Entry* Find(std::uint32_t serial);
  void Mask(Entry& entry, std::uint32_t position);
  Status OpenLive(std::uint64_t sequence);
  void SetLocation(std::uint32_t slot, Location location);

  std::string name_;
  VectorConfig config_;
  OptimizerConfig optimizer_;
  std::vector<Entry> entries_;  // oldest first
  std::vector<Location> locations_;
  std::uint32_t next_serial_ = 1;
};

}  // namespace kith
