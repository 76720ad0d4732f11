#include "index/payload/posting.h"

#include <algorithm>
#include <cassert>

namespace kith {

void Posting::Add(Slot slot) {
  assert(!Contains(slot));
  if (++count_ > kFewMax) {
    if (!few_.empty()) {
      many_ = SlotSet::Of(few_);
      few_ = {};
    }
    many_.Add(slot);
  } else if (!many_.empty()) {  // it was longer once
    many_.Add(slot);
  } else {
    few_.insert(std::upper_bound(few_.begin(), few_.end(), slot), slot);
  }
}

void Posting::Remove(Slot slot) {
  assert(Contains(slot));
  --count_;
  if (few_.empty()) {
    many_.Remove(slot);
    if (count_ == 0) many_ = SlotSet();
  } else {
    few_.erase(std::lower_bound(few_.begin(), few_.end(), slot));
  }
}

bool Posting::Contains(Slot slot) const {
  return std::binary_search(few_.begin(), few_.end(), slot) || many_.Contains(slot);
}

std::uint64_t Posting::IntersectCount(const SlotSet& other) const {
  if (few_.empty()) return many_.IntersectCount(other);
  return static_cast<std::uint64_t>(
      std::count_if(few_.begin(), few_.end(), [&](Slot slot) { return other.Contains(slot); }));
}

SlotSet Posting::ToSet() const { return few_.empty() ? many_ : SlotSet::Of(few_); }

void Posting::AndInto(SlotSet& set) const {
  if (few_.empty()) {
    set.And(many_);
  } else {
    set.And(SlotSet::Of(few_));
  }
}

std::size_t Posting::memory_bytes() const {
  return few_.capacity() * sizeof(Slot) + many_.memory_bytes();
}

void PostingUnion::Add(const Posting& posting) {
  if (posting.count() > kGatherMax) {
    many_.Or(posting.many_);
  } else if (posting.few_.empty()) {
    posting.many_.ForEach([&](Slot slot) { few_.push_back(slot); });
  } else {
    few_.insert(few_.end(), posting.few_.begin(), posting.few_.end());
  }
}

SlotSet PostingUnion::Take() {
  many_.Or(SlotSet::Of(few_));
  few_.clear();
  return std::move(many_);
}

}  // namespace kith
