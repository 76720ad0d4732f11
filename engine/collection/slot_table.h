// Slots and the points that hold them: id to slot, slot to id and version.
//
// A slot belongs to one point from its insertion to its deletion, and is not given to another while
// the collection is open, so that a reader with an old snapshot never sees a stranger.
//
// Slots of points that were published may be read (IdOf, VersionOf) at any time, while one writer
// changes the table; FindId and the set of live slots are guarded by the collection.
#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/point_id.h"
#include "index/payload/slot_set.h"

namespace kith {

class SlotTable {
 public:
  SlotTable();
  ~SlotTable();
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;

  std::optional<std::uint32_t> FindId(const PointId& id) const;
  const SlotSet& live() const { return live_; }
  std::uint64_t size() const;

  const PointId& IdOf(std::uint32_t slot) const { return At(slot).id; }
  std::uint64_t VersionOf(std::uint32_t slot) const {
    return At(slot).version.load(std::memory_order_relaxed);
  }
  // One more than the highest slot in use.
  std::uint32_t end() const { return end_; }

  // REQUIRES: the slot is free, the id is not there.
  void Insert(std::uint32_t slot, const PointId& id, std::uint64_t version);
  void SetVersion(std::uint32_t slot, std::uint64_t version) {
    At(slot).version.store(version, std::memory_order_relaxed);
  }
  void Erase(std::uint32_t slot);
  void Reserve(std::size_t points);

  std::uint64_t memory_bytes() const;

 private:
  struct Entry {
    PointId id;
    std::atomic<std::uint64_t> version{0};
  };
  static constexpr std::size_t kChunkSlots = 1 << 16;
  using Chunk = std::array<Entry, kChunkSlots>;
  struct Map;  // the foreign hash map

  Entry& At(std::uint32_t slot) const {
    assert(chunks_[slot / kChunkSlots]);
    return (*chunks_[slot / kChunkSlots])[slot % kChunkSlots];
  }

  std::array<std::unique_ptr<Chunk>, (std::size_t{1} << 31) / kChunkSlots> chunks_;
  std::unique_ptr<Map> by_id_;
  SlotSet live_;
  std::uint32_t end_ = 0;
};

}  // namespace kith
