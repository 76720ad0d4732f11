// What payload indexes are asked and what they answer.  Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "core/point_id.h"
#include "index/payload/json_path.h"
#include "index/payload/slot_set.h"

namespace kith {

inline constexpr Slot kPayloadSlotsMax = Slot{1} << 31;

// Bounds of how many points a filter holds for: min <= true count <= max.
struct CardinalityEstimate {
  std::uint64_t min = 0, expected = 0, max = 0;
};

// What a filter asks that no payload answers.  Both may be null: then has_id or has_vector hold for
// no point.
struct FilterContext {
  std::function<std::optional<Slot>(const PointId&)> slot_of;         // nothing: no such point
  std::function<const SlotSet*(std::string_view)> slots_with_vector;  // null: no such vector
};

struct Selection {
  SlotSet candidates;
  bool exact = true;
};

struct OrderParams {
  JsonPath key;
  bool descending = false;
  // Where to start, itself included: a number, or a text with a datetime for a datetime field; null
  // for the first.
  JsonValue start = {};
  std::size_t limit = 10;
};

struct OrderedSlot {
  Slot slot = 0;
  JsonValue value;  // what it is ordered by: an integer, a double, or microseconds of a datetime
};

struct FacetHit {
  JsonValue value;
  std::uint64_t count = 0;
};

}  // namespace kith
