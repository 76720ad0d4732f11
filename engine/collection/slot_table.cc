#include "engine/collection/slot_table.h"

#include <algorithm>

#include <tsl/robin_map.h>

namespace kith {

struct SlotTable::Map {
  tsl::robin_map<PointId, std::uint32_t> ids;
};

SlotTable::SlotTable() : by_id_(std::make_unique<Map>()) {}
SlotTable::~SlotTable() = default;

std::optional<std::uint32_t> SlotTable::FindId(const PointId& id) const {
  const auto found = by_id_->ids.find(id);
  if (found == by_id_->ids.end()) return std::nullopt;
  return found->second;
}

std::uint64_t SlotTable::size() const { return by_id_->ids.size(); }

void SlotTable::Insert(std::uint32_t slot, const PointId& id, std::uint64_t version) {
  std::unique_ptr<Chunk>& chunk = chunks_[slot / kChunkSlots];
  if (!chunk) chunk = std::make_unique<Chunk>();
  Entry& entry = (*chunk)[slot % kChunkSlots];
  entry.id = id;
  entry.version.store(version, std::memory_order_relaxed);
  by_id_->ids[id] = slot;
  live_.Add(slot);
  end_ = std::max(end_, slot + 1);
}

void SlotTable::Erase(std::uint32_t slot) {
  by_id_->ids.erase(At(slot).id);
  live_.Remove(slot);
}

void SlotTable::Reserve(std::size_t points) { by_id_->ids.reserve(points); }

std::uint64_t SlotTable::memory_bytes() const {
  std::uint64_t chunks = 0;
  for (std::uint32_t i = 0; std::uint64_t{i} * kChunkSlots < end_; ++i) chunks += !!chunks_[i];
  return chunks * sizeof(Chunk) +
         by_id_->ids.bucket_count() * sizeof(std::pair<PointId, std::uint32_t>) +
         live_.memory_bytes();
}

}  // namespace kith
