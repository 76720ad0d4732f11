// A field's distinct values, each with the slots that have it: what indexes of equality are made
// of.
//
// Key is std::string, std::int64_t or PointId::Uuid.  Thread-compatible.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "index/payload/field_presence.h"
#include "index/payload/key_table.h"
#include "index/payload/payload_answers.h"
#include "index/payload/posting.h"
#include "index/payload/slot_column.h"

namespace kith {

template <typename Key>
class ValuePostings {
 public:
  using View = typename KeyTable<Key>::View;

  // `has_others`: the slot also has elements that are neither null nor among the values.
  // REQUIRES: the slot has nothing.
  void Put(Slot slot, std::span<const View> values, bool has_others) {
    if (values.empty()) return;
    std::vector<std::uint32_t> ids;
    ids.reserve(values.size());
    for (const View& value : values) ids.push_back(keys_.Intern(value));
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    if (has_others) mixed_.Add(slot);
    PutIds(slot, std::move(ids));
  }

  void Erase(Slot slot) {
    for (const std::uint32_t id : by_slot_.Erase(slot)) {
      postings_[id].Remove(slot);
      if (postings_[id].count() == 0) keys_.Remove(id);
    }
    mixed_.Remove(slot);
  }

  const Posting* Find(const View& value) const {  // null: no slot has it
    const std::uint32_t id = keys_.Find(value);
    return id == KeyTable<Key>::kNone ? nullptr : &postings_[id];
  }

  // Slots with any of the values (sorted, each once).
  template <typename Value>
  SlotSet Any(std::span<const Value> values) const {
    PostingUnion slots;
    for (const Value& value : values) {
      if (const Posting* posting = Find(value)) slots.Add(*posting);
    }
    return slots.Take();
  }
  template <typename Value>
  CardinalityEstimate EstimateAny(std::span<const Value> values) const {
    CardinalityEstimate sum;
    double none = 1;  // the part of slots that have no value of the list, were they independent
    const auto all = static_cast<double>(std::max<std::uint64_t>(by_slot_.slots(), 1));
    for (const Value& value : values) {
      const Posting* posting = Find(value);
      if (posting == nullptr) continue;
      sum.min = std::max(sum.min, posting->count());
      sum.max += posting->count();
      none *= 1 - static_cast<double>(posting->count()) / all;
    }
    sum.max = std::min(sum.max, by_slot_.slots());
    if (by_slot_.more().empty()) sum.min = sum.max;  // no slot is counted twice
    const auto expected = static_cast<std::uint64_t>(all * (1 - none));
    sum.expected = std::clamp(expected, sum.min, sum.max);
    return sum;
  }

  // Slots with an element that is not null and none of the values.  A slot without any of the
  // values needs an element of any kind; one with some of them needs another one.
  template <typename Value>
  SlotSet Except(std::span<const Value> values, const FieldPresence& presence) const {
    SlotSet slots = presence.NonNull();
    SlotSet listed = Any(values);
    slots.AndNot(listed);
    if (listed.empty()) return slots;
    for (const auto& [slot, ids] : by_slot_.more()) {
      if (!listed.Contains(slot)) continue;
      const bool other = std::any_of(ids.begin(), ids.end(), [&](std::uint32_t id) {
        return !std::binary_search(values.begin(), values.end(), keys_.key(id));
      });
      if (other) slots.Add(slot);
    }
    listed.And(mixed_);
    slots.Or(listed);
    return slots;
  }
  template <typename Value>
  CardinalityEstimate EstimateExcept(std::span<const Value> values,
                                     const FieldPresence& presence) const {
    const CardinalityEstimate listed = EstimateAny(values);
    const std::uint64_t all = presence.non_null_count();
    // Slots with several values, or with values of other kinds, may be in both.
    const std::uint64_t doubtful =
        std::min<std::uint64_t>(by_slot_.more().size() + mixed_.count(), listed.max);
    const auto less = [&](std::uint64_t count) { return all > count ? all - count : 0; };
    return {.min = less(listed.max),
            .expected = less(listed.expected),
            .max = std::min(all, less(listed.min) + doubtful)};
  }

  // Calls visit(key, posting) for every value, in no order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::uint32_t id = 0; id < postings_.size(); ++id) {
      if (postings_[id].count() > 0) visit(keys_.key(id), postings_[id]);
    }
  }

  // How many slots of `within` have each value; `to_json` makes values of keys.
  template <typename ToJson>
  std::vector<FacetHit> Facet(const SlotSet& within, ToJson to_json) const {
    std::vector<std::uint64_t> counts(postings_.size());
    const std::uint64_t slots = within.count();
    if (slots / kSlotsPerKey > keys_.count()) {
      for (std::size_t id = 0; id < counts.size(); ++id) {
        counts[id] = postings_[id].IntersectCount(within);
      }
    } else {
      within.ForEach([&](Slot slot) {
        for (const std::uint32_t id : by_slot_.Values(slot)) ++counts[id];
      });
    }
    std::vector<FacetHit> hits;
    for (std::uint32_t id = 0; id < counts.size(); ++id) {
      if (counts[id] == 0) continue;
      hits.push_back({.value = to_json(keys_.key(id)), .count = counts[id]});
    }
    return hits;
  }

  std::uint64_t slots() const { return by_slot_.slots(); }
  std::size_t keys() const { return keys_.count(); }
  std::size_t memory_bytes() const {
    std::size_t bytes = keys_.memory_bytes() + by_slot_.memory_bytes() + mixed_.memory_bytes() +
                        postings_.capacity() * sizeof(Posting);
    for (const Posting& posting : postings_) bytes += posting.memory_bytes();
    return bytes;
  }

  //   postings := keys | column of u32 (positions in keys) | set mixed
  //   keys     := u32 count | (u32 bytes[count] | bytes of all, or u8[16] or i64 [count])
  void Save(ByteWriter& out) const {
    std::vector<std::uint32_t> numbers(postings_.size());
    std::vector<const Key*> used;
    for (std::uint32_t id = 0; id < postings_.size(); ++id) {
      if (postings_[id].count() == 0) continue;
      numbers[id] = static_cast<std::uint32_t>(used.size());
      used.push_back(&keys_.key(id));
    }
    SaveKeys(used, out);
    SlotColumn<std::uint32_t> column;
    by_slot_.ForEach([&](Slot slot, std::span<const std::uint32_t> ids) {
      std::vector<std::uint32_t> renumbered;
      for (const std::uint32_t id : ids) renumbered.push_back(numbers[id]);
      column.Put(slot, std::move(renumbered));
    });
    column.Save(out);
    mixed_.Serialize(out);
  }

  // Errors: kCorruption.  REQUIRES: nothing is there.
  Status Load(ByteReader& in) {
    TRY(LoadKeys(in));
    const std::size_t count = postings_.size();
    TRY(SlotColumn<std::uint32_t>::Load(
        in, kPayloadSlotsMax, [&](Slot slot, std::vector<std::uint32_t> ids) {
          const bool ascending =
              std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
          if (!ascending || ids.back() >= count) {
            return Status(Corrupt("expected ascending keys below " + std::to_string(count) +
                                  " at slot " + std::to_string(slot)));
          }
          PutIds(slot, std::move(ids));
          return Status();
        }));
    mixed_ = TRY(SlotSet::Deserialize(in));
    for (const Posting& posting : postings_) {
      if (posting.count() == 0) return Corrupt("a key that no slot has");
    }
    return {};
  }

 private:
  static constexpr std::uint64_t kSlotsPerKey = 256;  // then an intersection a key is cheaper

  static Error Corrupt(const std::string& what) {
    return Error{ErrorCode::kCorruption, "postings: " + what};
  }

  void PutIds(Slot slot, std::vector<std::uint32_t> ids) {
    if (keys_.ids_end() > postings_.size()) postings_.resize(keys_.ids_end());
    for (const std::uint32_t id : ids) postings_[id].Add(slot);
    by_slot_.Put(slot, std::move(ids));
  }

  static void SaveKeys(std::span<const Key* const> keys, ByteWriter& out) {
    out.Put(static_cast<std::uint32_t>(keys.size()));
    if constexpr (std::is_same_v<Key, std::string>) {
      for (const Key* key : keys) out.Put(static_cast<std::uint32_t>(key->size()));
      for (const Key* key : keys) out.PutArray(std::span<const char>(*key));
    } else {
      for (const Key* key : keys) out.Put(*key);
    }
  }

  Status LoadKeys(ByteReader& in) {
    const auto count = TRY(in.Get<std::uint32_t>());
    if constexpr (std::is_same_v<Key, std::string>) {
      const std::vector<std::uint32_t> sizes = TRY(in.GetArray<std::uint32_t>(count));
      for (const std::uint32_t size : sizes) {
        const std::vector<char> bytes = TRY(in.GetArray<char>(size));
        keys_.Intern(std::string_view(bytes.data(), bytes.size()));
      }
    } else {
      const std::vector<Key> all = TRY(in.GetArray<Key>(count));
      for (const Key& key : all) keys_.Intern(key);
    }
    if (keys_.count() != count) return Corrupt("a key is there twice");
    postings_.resize(count);
    return {};
  }

  KeyTable<Key> keys_;
  std::vector<Posting> postings_;      // by key id
  SlotColumn<std::uint32_t> by_slot_;  // key ids, ascending, each once
  SlotSet mixed_;                      // slots with values and other elements that are not null
};

}  // namespace kith
