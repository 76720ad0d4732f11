// Points as a stage of a query hands them to the next one: slots with scores, best first.
//
// A value.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/json_value.h"
#include "engine/collection/collection.h"

namespace kith {

enum class ScoreOrder : std::uint8_t {
  kLargerFirst,
  kSmallerFirst,  // distances
  kNone,          // all scores are equal: by id, by a payload value, sampled
};

struct RankedPoints {
  std::vector<ScoredSlot> points;  // each slot once
  ScoreOrder order = ScoreOrder::kLargerFirst;
  std::vector<JsonValue> order_values;  // of an order by a payload value, one a point; else empty
};

// Is a better than b?  False for equal scores.
inline bool IsBetter(ScoreOrder order, float a, float b) {
  return order == ScoreOrder::kSmallerFirst ? a < b : order == ScoreOrder::kLargerFirst && a > b;
}

}  // namespace kith
