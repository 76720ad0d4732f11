// The values that each slot has: a column by slot, in pages that exist where a slot has a value.
//
// Most slots have one value, which lies in the page; the others' lie apart.  Thread-compatible.
#pragma once

#include <array>
#include <bitset>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "index/payload/slot_set.h"

namespace kith {

template <typename Value>
class SlotColumn {
 public:
  // REQUIRES: the slot has no values; values are not empty.
  void Put(Slot slot, std::vector<Value> values) {
    assert(!values.empty() && Values(slot).empty());
    const std::size_t number = slot / kPageSlots;
    if (number >= pages_.size()) pages_.resize(number + 1);
    if (pages_[number] == nullptr) pages_[number] = std::make_unique<Page>();
    Page& page = *pages_[number];
    page.has.set(slot % kPageSlots);
    ++page.count;
    ++slots_;
    entries_ += values.size();
    if (values.size() == 1) {
      page.values[slot % kPageSlots] = std::move(values[0]);
    } else {
      more_.emplace(slot, std::move(values));
    }
  }

  // The values it had.
  std::vector<Value> Erase(Slot slot) {
    Page* page = PageOf(slot);
    if (page == nullptr || !page->has[slot % kPageSlots]) return {};
    std::vector<Value> values;
    if (const auto more = more_.find(slot); more != more_.end()) {
      values = std::move(more->second);
      more_.erase(more);
    } else {
      values.push_back(std::move(page->values[slot % kPageSlots]));
    }
    page->has.reset(slot % kPageSlots);
    --slots_;
    entries_ -= values.size();
    if (--page->count == 0) pages_[slot / kPageSlots] = nullptr;
    return values;
  }

  // Empty: the slot has none.  Until the next change.
  std::span<const Value> Values(Slot slot) const {
    const Page* page = PageOf(slot);
    if (page == nullptr || !page->has[slot % kPageSlots]) return {};
    if (!more_.empty()) {
      if (const auto more = more_.find(slot); more != more_.end()) return more->second;
    }
    return {&page->values[slot % kPageSlots], 1};
  }

  std::uint64_t slots() const { return slots_; }      // that have a value
  std::uint64_t entries() const { return entries_; }  // values of all of them
  // Slots with more than one value; in no order.
  const std::unordered_map<Slot, std::vector<Value>>& more() const { return more_; }

  // Calls visit(slot, values) in ascending order of slots.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::size_t number = 0; number < pages_.size(); ++number) {
      if (pages_[number] == nullptr) continue;
      for (std::size_t i = 0; i < kPageSlots; ++i) {
        if (!pages_[number]->has[i]) continue;
        const auto slot = static_cast<Slot>(number * kPageSlots + i);
        visit(slot, Values(slot));
      }
    }
  }

  std::size_t memory_bytes() const {
    std::size_t bytes = pages_.capacity() * sizeof(pages_[0]);
    for (const auto& page : pages_) bytes += page == nullptr ? 0 : sizeof(Page);
    return bytes + more_.size() * kMoreBytes + entries_ * sizeof(Value) - slots_ * sizeof(Value);
  }

  //   column := u64 entry_count | u32 slot[entry_count] | Value value[entry_count]
  // by slot; a slot with several values is there as often.
  void Save(ByteWriter& out) const {
    std::vector<Slot> slots;
    std::vector<Value> values;
    slots.reserve(entries_);
    values.reserve(entries_);
    ForEach([&](Slot slot, std::span<const Value> of_slot) {
      slots.insert(slots.end(), of_slot.size(), slot);
      values.insert(values.end(), of_slot.begin(), of_slot.end());
    });
    out.Put(std::uint64_t{slots.size()});
    out.PutArray(std::span<const Slot>(slots));
    out.PutArray(std::span<const Value>(values));
  }

  // Calls put(slot, values) for each slot, in ascending order.  Errors: kCorruption, or what `put`
  // returns.
  template <typename PutSlot>
  static Status Load(ByteReader& in, Slot slots_max, PutSlot put) {
    const auto count = TRY(in.Get<std::uint64_t>());
    const std::vector<Slot> slots = TRY(in.GetArray<Slot>(count));
    const std::vector<Value> values = TRY(in.GetArray<Value>(count));
    for (std::size_t begin = 0; begin < slots.size();) {
      std::size_t end = begin + 1;
      while (end < slots.size() && slots[end] == slots[begin]) ++end;
      const bool ascending = end == slots.size() || slots[begin] < slots[end];
      if (!ascending || slots[begin] >= slots_max) {
        return Error{ErrorCode::kCorruption, "column: expected ascending slots below " +
                                                 std::to_string(slots_max) + ", found " +
                                                 std::to_string(slots[begin])};
      }
      TRY(put(slots[begin], std::vector<Value>(values.begin() + static_cast<std::ptrdiff_t>(begin),
                                               values.begin() + static_cast<std::ptrdiff_t>(end))));
      begin = end;
    }
    return {};
  }

 private:
  static constexpr std::size_t kPageSlots = 1024;
  static constexpr std::size_t kMoreBytes = 64;  // a node of more_, about

  struct Page {
    std::array<Value, kPageSlots> values{};
    std::bitset<kPageSlots> has;
    std::uint32_t count = 0;
  };

  Page* PageOf(Slot slot) const {
    const std::size_t number = slot / kPageSlots;
    return number < pages_.size() ? pages_[number].get() : nullptr;
  }

  std::vector<std::unique_ptr<Page>> pages_;
  std::unordered_map<Slot, std::vector<Value>> more_;  // of slots with several
  std::uint64_t slots_ = 0, entries_ = 0;
};

}  // namespace kith
