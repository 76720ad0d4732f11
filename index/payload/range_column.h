// A field's values by slot and in order: what indexes with ranges are made of.
//
// Key is double (numbers) or std::int64_t (integers, datetimes).  Thread-compatible.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "index/payload/filter.h"
#include "index/payload/payload_answers.h"
#include "index/payload/slot_column.h"
#include "index/payload/sorted_column.h"

namespace kith {

template <typename Key>
class RangeColumn {
 public:
  // REQUIRES: the slot has nothing.  No values put nothing.
  void Put(Slot slot, std::vector<Key> values) {
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const Key value : values) order_.Insert(value, slot);
    by_slot_.Put(slot, std::move(values));
  }
  void Erase(Slot slot) {
    for (const Key value : by_slot_.Erase(slot)) order_.Erase(value, slot);
  }

  // Slots with a value within the bounds; a Key is compared as a Bound.
  template <typename Bound>
  SlotSet Match(const Bounds<Bound>& bounds) const {
    const auto [from, to] = PositionsOf(bounds);
    return SlotSet::Of(order_.Slots(from, to));
  }

  template <typename Bound>
  CardinalityEstimate Estimate(const Bounds<Bound>& bounds) const {
    const auto [from, to] = PositionsOf(bounds);
    const std::uint64_t pairs = order_.Count(from, to);
    if (pairs == 0) return {};
    // Of a slot with several values all but one may be too many.
    const std::uint64_t extra = by_slot_.entries() - by_slot_.slots();
    const std::uint64_t max = std::min(pairs, by_slot_.slots());
    const std::uint64_t min = pairs > extra ? pairs - extra : 1;
    return {.min = min,
            .expected = std::max(min, pairs * by_slot_.slots() / by_slot_.entries()),
            .max = max};
  }

  // As PayloadIndex::Ordered, with the start as a Bound.
  template <typename Bound>
  std::vector<OrderedSlot> Ordered(const OrderParams& params, std::optional<Bound> start,
                                   const SlotSet& within) const {
    Bounds<Bound> bounds;
    if (start) (params.descending ? bounds.lte : bounds.gte) = start;
    const auto [from, to] = PositionsOf(bounds);
    const std::uint64_t wanted = within.count();
    std::vector<OrderedSlot> out;
    // A walk meets a slot of `within` every size / wanted pairs, and each pair costs a lookup.
    const std::uint64_t sort_cost = wanted * kSortCost;
    const std::uint64_t walk_cost =
        wanted == 0 ? 0 : order_.size() / wanted * std::min<std::uint64_t>(params.limit, wanted);
    if (sort_cost < walk_cost) return Sorted(params, bounds, within);
    SlotSet seen;
    const auto visit = [&](Key key, Slot slot) {
      if (out.size() == params.limit) return false;
      if (!within.Contains(slot)) return true;
      if (by_slot_.Values(slot).size() > 1) {
        if (seen.Contains(slot)) return true;
        seen.Add(slot);
      }
      out.push_back({.slot = slot, .value = JsonValue(key)});
      return true;
    };
    if (params.descending) {
      order_.ForEachReverse(from, to, visit);
    } else {
      order_.ForEach(from, to, visit);
    }
    return out;
  }

  std::span<const Key> Values(Slot slot) const { return by_slot_.Values(slot); }
  std::uint64_t slots() const { return by_slot_.slots(); }
  std::size_t memory_bytes() const { return by_slot_.memory_bytes() + order_.memory_bytes(); }

  void Save(ByteWriter& out) const { by_slot_.Save(out); }
  // Errors: kCorruption, also for a value that `valid` refuses.  REQUIRES: the column is empty.
  template <typename Valid>
  Status Load(ByteReader& in, Valid valid) {
    std::vector<std::pair<Key, Slot>> pairs;
    TRY(SlotColumn<Key>::Load(in, kPayloadSlotsMax, [&](Slot slot, std::vector<Key> values) {
      const bool ascending =
          std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end();
      if (!ascending || !std::all_of(values.begin(), values.end(), valid)) {
        return Status(Error{ErrorCode::kCorruption,
                            "column: expected ascending values at slot " + std::to_string(slot)});
      }
      for (const Key value : values) pairs.emplace_back(value, slot);
      by_slot_.Put(slot, std::move(values));
      return Status();
    }));
    order_.Build(std::move(pairs));
    return {};
  }

 private:
  static constexpr std::uint64_t kSortCost = 8;  // of a slot, in steps of a walk

  using Position = typename SortedColumn<Key>::Position;

  template <typename Bound>
  std::pair<Position, Position> PositionsOf(const Bounds<Bound>& bounds) const {
    const auto as_bound = [](Key key) { return static_cast<Bound>(key); };
    const Position from = order_.FirstNot([&](Key key) {
      return (bounds.gt && !(as_bound(key) > *bounds.gt)) ||
             (bounds.gte && !(as_bound(key) >= *bounds.gte));
    });
    const Position to = order_.FirstNot([&](Key key) {
      return (!bounds.lt || as_bound(key) < *bounds.lt) &&
             (!bounds.lte || as_bound(key) <= *bounds.lte);
    });
    return {std::min(from, to), to};
  }

  // Takes the values of each slot and sorts them: for a small `within`.
  template <typename Bound>
  std::vector<OrderedSlot> Sorted(const OrderParams& params, const Bounds<Bound>& bounds,
                                  const SlotSet& within) const {
    std::vector<std::pair<Key, Slot>> found;
    within.ForEach([&](Slot slot) {
      const std::span<const Key> values = by_slot_.Values(slot);
      const auto holds = [&](Key key) { return bounds.Hold(static_cast<Bound>(key)); };
      if (params.descending) {
        const auto last = std::find_if(values.rbegin(), values.rend(), holds);
        if (last != values.rend()) found.emplace_back(*last, slot);
      } else {
        const auto first = std::find_if(values.begin(), values.end(), holds);
        if (first != values.end()) found.emplace_back(*first, slot);
      }
    });
    if (params.descending) {
      std::sort(found.begin(), found.end(), std::greater<>());
    } else {
      std::sort(found.begin(), found.end());
    }
    if (found.size() > params.limit) found.resize(params.limit);
    std::vector<OrderedSlot> out;
    out.reserve(found.size());
    for (const auto& [key, slot] : found) out.push_back({.slot = slot, .value = JsonValue(key)});
    return out;
  }

  SlotColumn<Key> by_slot_;  // ascending, each once
  SortedColumn<Key> order_;
};

}  // namespace kith
