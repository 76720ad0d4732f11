#include "engine/collection/vector_field.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/resource_usage.h"
#include "index/codec/exact_rows.h"

namespace kith {
namespace {

// A live graph is searched for minutes, then built anew: 100 links twice as many vectors a second
// as 200, and its recall at ef_search 64 is the same within a tenth of a point.
constexpr std::uint32_t kLiveEfConstruct = 100;

std::size_t WordsFor(std::size_t bits) { return (bits + 63) / 64; }

}  // namespace

VectorField::VectorField(std::string name, const VectorConfig& config,
                         const OptimizerConfig& optimizer)
    : name_(std::move(name)), config_(config), optimizer_(optimizer) {}

VectorField::Entry* VectorField::Find(std::uint32_t serial) {
  for (Entry& entry : entries_) {
    if (entry.view.serial() == serial) return &entry;
  }
  return nullptr;
}

void VectorField::SetLocation(std::uint32_t slot, Location location) {
  if (slot >= locations_.size()) locations_.resize(std::size_t{slot} + slot / 2 + 64);
  locations_[slot] = location;
}

void VectorField::Mask(Entry& entry, std::uint32_t position) {
  if (!entry.bits) {
    const std::size_t words =
        WordsFor(entry.view.live ? entry.view.live->index->params().capacity : entry.view.rows);
    entry.bits = entry.view.deleted ? std::make_shared<DeletedBits>(*entry.view.deleted)
                                    : std::make_shared<DeletedBits>(words);
    entry.view.deleted = entry.bits;
  }
  std::uint64_t& word = (*entry.bits)[position / 64];
  const std::uint64_t bit = std::uint64_t{1} << (position % 64);
  entry.view.deleted_count += (word & bit) == 0;
  word |= bit;
}

Status VectorField::OpenLive(std::uint64_t sequence) {
  const std::size_t row_bytes = ExactRows::RowBytes(config_.rows, config_.size);
  const std::uint64_t by_bytes = std::max<std::uint64_t>(optimizer_.live_bytes_max / row_bytes, 16);
  auto live = std::make_shared<LiveSegment>();
  live->serial = NextSerial();
  live->first_sequence = sequence;
  live->opened_seconds = WallSeconds();
  live->index =
      TRY(LiveIndex::Create({.metric = config_.metric,
                             .dim = config_.size,
                             .capacity = static_cast<std::uint32_t>(
                                 std::min<std::uint64_t>(by_bytes, optimizer_.live_rows_max)),
                             .rows = config_.rows,
                             .m = config_.m,
                             .ef_construction = config_.ef_construct,
                             .seed = live->serial}));
  entries_.push_back(
      {.view = {.sealed = nullptr, .live = std::move(live), .deleted = nullptr}, .bits = nullptr});
  return {};
}

Status VectorField::Put(std::uint32_t slot, std::span<const float> vector, std::uint64_t sequence) {
  const auto open = [&] {
    if (entries_.empty()) return false;
    const Entry& last = entries_.back();
    return last.view.live &&
           last.view.live->index->rows() < last.view.live->index->params().capacity;
  };
  if (!open()) TRY(OpenLive(sequence));
  Erase(slot);
  Entry& entry = entries_.back();
  const std::uint32_t position = entry.view.live->index->Append(vector, slot);
  entry.view.rows = position + 1;
  entry.view.live->appended_seconds = WallSeconds();
  SetLocation(slot, {entry.view.serial(), position});
  return {};
}

void VectorField::Erase(std::uint32_t slot) {
  if (!Has(slot)) return;
  Entry* entry = Find(locations_[slot].serial);
  assert(entry != nullptr);
  Mask(*entry, locations_[slot].position);
  locations_[slot] = {};
}

Status VectorField::Adopt(std::shared_ptr<const SealedSegment> segment,
                          std::shared_ptr<DeletedBits> deleted) {
  Entry entry{.view = {.sealed = std::move(segment), .live = nullptr, .deleted = nullptr},
              .bits = nullptr};
  entry.view.rows = entry.view.sealed->rows();
  if (deleted) {
    for (std::uint32_t position = 0; position < entry.view.rows; ++position) {
      entry.view.deleted_count += ((*deleted)[position / 64] >> (position % 64)) & 1;
    }
    entry.view.deleted = std::move(deleted);
  }
  const std::uint32_t serial = entry.view.serial();
  ReserveSerial(serial);
  for (std::uint32_t position = 0; position < entry.view.rows; ++position) {
    if (entry.view.IsDeleted(position)) continue;
    const std::uint32_t slot = entry.view.SlotAt(position);
    if (Has(slot)) {
      return Error{ErrorCode::kCorruption, "vector '" + name_ + "': segments " +
                                               std::to_string(locations_[slot].serial) + " and " +
                                               std::to_string(serial) + " both have slot " +
                                               std::to_string(slot)};
    }
    SetLocation(slot, {serial, position});
  }
  entries_.push_back(std::move(entry));
  return {};
}

void VectorField::Replace(const FieldSnapshot& built_from,
                          std::shared_ptr<const SealedSegment> sealed) {
  Entry entry{.view = {.sealed = sealed, .live = nullptr, .deleted = nullptr}, .bits = nullptr};
  if (sealed) {
    entry.view.rows = sealed->rows();
    for (const SegmentView& old : built_from.segments) {
      for (std::uint32_t from = 0; from < old.rows; ++from) {
        if (old.IsDeleted(from)) continue;
        const std::uint32_t slot = old.SlotAt(from);
        const std::uint32_t position = *sealed->PositionOf(slot);
        const Location& location = locations_[slot];
        if (location.serial == old.serial() && location.position == from) {
          SetLocation(slot, {sealed->serial(), position});
        } else {
          Mask(entry, position);
        }
      }
    }
  }
  const auto is_old = [&](const Entry& e) {
    return std::ranges::any_of(built_from.segments, [&](const SegmentView& old) {
      return old.serial() == e.view.serial();
    });
  };
  const auto first = std::ranges::find_if(entries_, is_old);
  const auto at = first - entries_.begin();
  std::erase_if(entries_, is_old);
  if (sealed) {
    entries_.insert(entries_.begin() + std::min<std::ptrdiff_t>(at, std::ssize(entries_)),
                    std::move(entry));
  }
}

FieldSnapshot VectorField::Freeze() {
  FieldSnapshot snapshot;
  for (Entry& entry : entries_) {
    entry.bits = nullptr;  // shared from here on
    snapshot.segments.push_back(entry.view);
  }
  return snapshot;
}

std::uint64_t VectorField::FirstUnsealed(std::uint64_t none) const {
  std::uint64_t first = none;
  for (const Entry& entry : entries_) {
    if (entry.view.live) first = std::min(first, entry.view.live->first_sequence);
  }
  return first;
}

}  // namespace kith
