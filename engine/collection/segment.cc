#include "engine/collection/segment.h"

#include <algorithm>
#include <utility>

#include "index/hnsw/hnsw_index.h"

namespace kith {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;
constexpr std::uint64_t kDenseFactor = 4;  // slots spread wider than this share are kept sorted

}  // namespace

Result<std::shared_ptr<const SealedSegment>> SealedSegment::Open(const std::string& path,
                                                                 std::string name,
                                                                 std::uint32_t serial,
                                                                 LoadMode mode) {
  std::shared_ptr<SealedSegment> segment(new SealedSegment());
  segment->name_ = std::move(name);
  segment->serial_ = serial;
  segment->index_ = TRY(OpenHnswIndex(path, mode));
  TRY(segment->IndexSlots(path));
  return std::shared_ptr<const SealedSegment>(std::move(segment));
}

Status SealedSegment::IndexSlots(const std::string& path) {
  const std::span<const std::uint32_t> slots = index_->ids();
  if (slots.empty()) return {};
  const auto twice = [&](std::uint32_t slot) {
    return Error{ErrorCode::kCorruption,
                 path + ": section \"ids\": slot " + std::to_string(slot) + " stands there twice"};
  };
  const auto [low, high] = std::ranges::minmax(slots);
  first_slot_ = low;
  if (std::uint64_t{high} - low < kDenseFactor * slots.size() + 1024) {
    dense_.assign(high - low + 1, kNone);
    for (std::uint32_t position = 0; position < slots.size(); ++position) {
      std::uint32_t& entry = dense_[slots[position] - low];
      if (entry != kNone) return twice(slots[position]);
      entry = position;
    }
    return {};
  }
  sparse_.reserve(slots.size());
  for (std::uint32_t position = 0; position < slots.size(); ++position) {
    sparse_.emplace_back(slots[position], position);
  }
  std::sort(sparse_.begin(), sparse_.end());
  for (std::size_t i = 1; i < sparse_.size(); ++i) {
    if (sparse_[i].first == sparse_[i - 1].first) return twice(sparse_[i].first);
  }
  return {};
}

std::optional<std::uint32_t> SealedSegment::PositionOf(std::uint32_t slot) const {
  if (!dense_.empty()) {
    if (slot < first_slot_ || slot - first_slot_ >= dense_.size()) return std::nullopt;
    const std::uint32_t position = dense_[slot - first_slot_];
    if (position == kNone) return std::nullopt;
    return position;
  }
  const auto found =
      std::lower_bound(sparse_.begin(), sparse_.end(), std::pair(slot, std::uint32_t{0}));
  if (found == sparse_.end() || found->first != slot) return std::nullopt;
  return found->second;
}

std::uint64_t SealedSegment::memory_bytes() const {
  return index_->info().resident_bytes + dense_.size() * sizeof(dense_[0]) +
         sparse_.size() * sizeof(sparse_[0]);
}

}  // namespace kith
