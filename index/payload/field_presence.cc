#include "index/payload/field_presence.h"

#include <algorithm>
#include <string>

namespace kith {
namespace {

SlotSet Union(const SlotSet& a, const SlotSet& b) {
  SlotSet both = a;
  both.Or(b);
  return both;
}

}  // namespace

void FieldPresence::Put(Slot slot, std::span<const JsonValue* const> values) {
  if (values.empty()) return;
  if (values.size() == 1 && !values[0]->is_null() && !values[0]->is_array()) {
    plain_.Add(slot);
    return;
  }
  odd_.Add(slot);
  for (const JsonValue* value : values) {
    std::size_t count = value->is_null() ? 0 : 1;
    if (value->is_array()) {
      const JsonArray& elements = value->array();
      count = elements.size();
      const auto nulls = static_cast<std::size_t>(
          std::count_if(elements.begin(), elements.end(),
                        [](const JsonValue& element) { return element.is_null(); }));
      if (nulls > 0) with_null_.Add(slot);
      if (nulls < count) non_null_.Add(slot);
    } else if (count == 0) {
      with_null_.Add(slot);
    } else {
      non_null_.Add(slot);
    }
    if (count > 0) filled_.Add(slot);
    const std::size_t kept = std::min(count, kCountsKept);
    if (kept >= by_count_.size()) by_count_.resize(kept + 1);
    by_count_[kept].Add(slot);
  }
}

void FieldPresence::Erase(Slot slot) {
  if (plain_.Contains(slot)) {
    plain_.Remove(slot);
  } else if (odd_.Contains(slot)) {
    for (SlotSet* set : {&odd_, &filled_, &with_null_, &non_null_}) set->Remove(slot);
    for (SlotSet& set : by_count_) set.Remove(slot);
  }
}

SlotSet FieldPresence::Filled() const { return Union(plain_, filled_); }
SlotSet FieldPresence::WithNull() const { return with_null_; }
SlotSet FieldPresence::NonNull() const { return Union(plain_, non_null_); }

std::optional<SlotSet> FieldPresence::Match(const ValuesCount& test) const {
  SlotSet slots;
  if (test.Hold(1)) slots = plain_;
  for (std::size_t count = 0; count < std::min(by_count_.size(), kCountsKept); ++count) {
    if (test.Hold(count)) slots.Or(by_count_[count]);
  }
  if (by_count_.size() <= kCountsKept || by_count_[kCountsKept].empty()) return slots;
  // All counts from kCountsKept on are one: the test has to hold for all of them or for none.
  const bool for_all = test.Hold(kCountsKept) && !test.lt && !test.lte;
  const bool for_none =
      (test.lt && *test.lt <= kCountsKept) || (test.lte && *test.lte < kCountsKept);
  if (for_all) slots.Or(by_count_[kCountsKept]);
  if (for_all || for_none) return slots;
  return std::nullopt;
}

std::size_t FieldPresence::memory_bytes() const {
  std::size_t bytes = 0;
  for (const SlotSet* set : {&plain_, &odd_, &filled_, &with_null_, &non_null_}) {
    bytes += set->memory_bytes();
  }
  for (const SlotSet& set : by_count_) bytes += set.memory_bytes() + sizeof(SlotSet);
  return bytes;
}

void FieldPresence::Save(ByteWriter& out) const {
  for (const SlotSet* set : {&plain_, &odd_, &filled_, &with_null_, &non_null_}) {
    set->Serialize(out);
  }
  out.Put(static_cast<std::uint32_t>(by_count_.size()));
  for (const SlotSet& set : by_count_) set.Serialize(out);
}

Result<FieldPresence> FieldPresence::Load(ByteReader& in) {
  FieldPresence presence;
  for (SlotSet* set : {&presence.plain_, &presence.odd_, &presence.filled_, &presence.with_null_,
                       &presence.non_null_}) {
    *set = TRY(SlotSet::Deserialize(in));
  }
  const auto counts = TRY(in.Get<std::uint32_t>());
  if (counts > kCountsKept + 1) {
    return Error{ErrorCode::kCorruption, "presence: expected at most " +
                                             std::to_string(kCountsKept + 1) + " counts, found " +
                                             std::to_string(counts)};
  }
  for (std::uint32_t i = 0; i < counts; ++i) {
    SlotSet set = TRY(SlotSet::Deserialize(in));
    presence.by_count_.push_back(std::move(set));
  }
  if (presence.plain_.Intersects(presence.odd_)) {
    return Error{ErrorCode::kCorruption, "presence: a slot is plain and odd"};
  }
  SlotSet of_odd;
  for (const SlotSet* set : {&presence.filled_, &presence.with_null_, &presence.non_null_}) {
    of_odd.Or(*set);
  }
  for (const SlotSet& set : presence.by_count_) of_odd.Or(set);
  of_odd.AndNot(presence.odd_);
  if (of_odd.empty()) return presence;
  return Error{ErrorCode::kCorruption, "presence: a slot has a trait of the odd and is not odd"};
}

}  // namespace kith
