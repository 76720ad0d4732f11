// The slots that have one value of a field: a short sorted list while there are few, a SlotSet when
// there are more.  A field with a value of its own for each point has a million of these.
//
// A value; thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/payload/slot_set.h"

namespace kith {

class Posting {
 public:
  void Add(Slot slot);     // REQUIRES: not there
  void Remove(Slot slot);  // REQUIRES: there
  std::uint64_t count() const { return count_; }
  bool Contains(Slot slot) const;
  std::uint64_t IntersectCount(const SlotSet& other) const;
  SlotSet ToSet() const;
  void AndInto(SlotSet& set) const;  // set = set and this
  std::size_t memory_bytes() const;  // beside the object

 private:
  friend class PostingUnion;
  static constexpr std::size_t kFewMax = 16;

  std::vector<Slot> few_;  // sorted; empty once `many_` is used
  SlotSet many_;
  std::uint32_t count_ = 0;
};

// The union of any number of postings; short ones are gathered and sorted once.
class PostingUnion {
 public:
  void Add(const Posting& posting);
  SlotSet Take();

 private:
  // Sets up to this are gathered slot by slot: 2 ns each, against 100 ns for each container that
  // two sets have in common.
  static constexpr std::uint64_t kGatherMax = 4096;

  std::vector<Slot> few_;
  SlotSet many_;
};

}  // namespace kith
