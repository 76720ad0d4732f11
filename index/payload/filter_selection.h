// Filters answered from field indexes: which slots, or how many.
//
// Borrows all it is given.  Thread-compatible.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/point_id.h"
#include "index/payload/field_index.h"
#include "index/payload/filter.h"
#include "index/payload/payload_answers.h"
#include "index/payload/slot_set.h"

namespace kith {

// The index of a field and what goes with it; `index` null: the field has none.
struct IndexedField {
  const FieldIndex* index = nullptr;
  const FieldPresence* presence = nullptr;
};

using FindField = std::function<IndexedField(const JsonPath&)>;

// As PayloadIndex::Select and Estimate.
Selection SelectSlots(const Filter& filter, const SlotSet& live, const FilterContext& context,
                      const FindField& find);
CardinalityEstimate EstimateSlots(const Filter& filter, std::uint64_t live_count,
                                  const FilterContext& context, const FindField& find);

}  // namespace kith
