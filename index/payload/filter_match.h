// The definition of a filter: does it hold for one point, looking at its payload?
//
// This is what indexes are tested against, and what decides where they cannot
// (index/payload/payload_index.h).  Thread-safe.
#pragma once

#include <functional>
#include <string_view>

#include "core/json_value.h"
#include "core/point_id.h"
#include "index/payload/filter.h"
#include "index/payload/tokenizer.h"

namespace kith {

// A point as a filter sees it.  Borrows.
struct FilterSubject {
  const JsonValue& payload;
  PointId id;
  // Whether the point has a vector of that name; null: it has none.
  const std::function<bool(std::string_view)>* has_vector = nullptr;
  // Fields with a text index; null: there are none.
  const TextFields* text_fields = nullptr;
};

bool Matches(const Filter& filter, const FilterSubject& subject);

// The part about one value at the key of a field condition that is no array (or is an element of
// one).  REQUIRES: the test is not one of ValuesCount, IsEmpty, IsNull.
bool MatchesElement(const FieldTest& test, const TextParams* text_params, const JsonValue& element);

}  // namespace kith
