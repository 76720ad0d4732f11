// Which points have a field at all, whatever the kind of its values: answers is_empty, is_null,
// values_count and the part of `except` that no list of values can.
//
// Most points have one value that is neither null nor an array; those cost one set.  Counts of
// elements are told apart up to kCountsKept.  Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/json_value.h"
#include "index/payload/filter.h"
#include "index/payload/slot_set.h"

namespace kith {

class FieldPresence {
 public:
  static constexpr std::size_t kCountsKept = 64;

  // REQUIRES: the slot has none yet.  `values` are those at the path, arrays as they are.
  void Put(Slot slot, std::span<const JsonValue* const> values);
  void Erase(Slot slot);

  SlotSet Filled() const;    // with a value that is not null or []
  SlotSet WithNull() const;  // with null, or an array with null in it
  SlotSet NonNull() const;   // with an element that is not null
  std::uint64_t filled_count() const { return plain_.count() + filled_.count(); }
  std::uint64_t null_count() const { return with_null_.count(); }
  std::uint64_t non_null_count() const { return plain_.count() + non_null_.count(); }

  // Nothing when counts would have to be told apart that are not.
  std::optional<SlotSet> Match(const ValuesCount& test) const;
  std::uint64_t points() const { return plain_.count() + odd_.count(); }  // with any value

  std::size_t memory_bytes() const;
  //   presence := set plain | set odd | set filled | set with_null | set non_null |
  //               u32 count_count | set[count_count]
  void Save(ByteWriter& out) const;
  static Result<FieldPresence> Load(ByteReader& in);

 private:
  SlotSet plain_;  // exactly one value, neither null nor an array
  // The other slots, and which of them ...
  SlotSet odd_, filled_, with_null_, non_null_;
  // ... have a value of that many elements; the last one is for kCountsKept and more.
  std::vector<SlotSet> by_count_;
};

}  // namespace kith
