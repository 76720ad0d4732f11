// What a filter says about a point: conditions on its payload, its id and its vectors.
//
// Qdrant's meaning throughout.  A filter holds for a point when
//   - every condition of `must` holds,
//   - at least one of `should` holds, if there are any,
//   - none of `must_not` holds,
//   - at least min_should->min_count of min_should->conditions hold, if it is set.
// A condition on a field looks at the values at a path (index/payload/json_path.h) and holds when
// it holds for any of them; an array is looked at element by element, one level deep.  A condition
// holds for no value of another kind: ranges of numbers only for numbers, and so on.
//
// Plain data; thread-compatible.  From JSON: index/payload/filter_parser.h.  The definition in
// code: index/payload/filter_match.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/point_id.h"
#include "index/payload/geo.h"
#include "index/payload/json_path.h"

namespace kith {

inline constexpr std::size_t kFilterConditionsMax = 4096;  // of a filter with all below it
inline constexpr std::size_t kFilterDepthMax = 16;         // filters inside one another
inline constexpr std::size_t kFilterListMax = 65536;       // values of any, except, has_id
inline constexpr std::size_t kFilterTextBytesMax = 65536;  // of a text, a prefix or a value
inline constexpr std::size_t kPolygonPointsMax = 16384;    // of all rings together

struct Condition;

struct MinShould {
  std::vector<Condition> conditions;
  std::size_t min_count = 1;  // at least 1
};

struct Filter {
  std::vector<Condition> must, should, must_not;
  std::optional<MinShould> min_should;
  // The JSON that ParseFilter made it from: filters of equal source select the same.  Empty: made
  // otherwise.
  std::string source = {};
};

// Equal to the value: a string, an integer (1.0 is none) or a bool.
struct MatchValue {
  std::variant<std::string, std::int64_t, bool> value;
};

// Equal to one of the values; with `except`, equal to none of them, which every value but null is
// that is of another kind.  Lists are sorted, and one of them is empty.
struct MatchAny {
  std::vector<std::string> strings;
  std::vector<std::int64_t> integers;
  bool except = false;
};

// On a field with a text index: a text that holds all tokens of the query, any of them, or all in
// this order side by side.  On another field: a text that holds the query, or (kAny) any of its
// blank-separated words, as a substring.
struct MatchText {
  enum class Mode : std::uint8_t { kAll, kAny, kPhrase };
  Mode mode = Mode::kAll;
  std::string text;
};

// A string that starts with the prefix.
struct MatchPrefix {
  std::string prefix;
};

template <typename T>
struct Bounds {
  std::optional<T> lt, gt, lte, gte;

  bool Hold(T value) const {
    return (!lt || value < *lt) && (!gt || value > *gt) && (!lte || value <= *lte) &&
           (!gte || value >= *gte);
  }
};

struct NumberRange : Bounds<double> {};
struct DatetimeRange : Bounds<std::int64_t> {};  // microseconds (index/payload/datetime.h)

// The number of elements of an array; 0 for null, 1 for any other value.  Missing values have none.
struct ValuesCount : Bounds<std::uint64_t> {};

// `expected` true: all values are null or [], or there is none.
struct IsEmpty {
  bool expected = true;
};

// `expected` true: a value is null, or an array with null in it.
struct IsNull {
  bool expected = true;
};

using FieldTest =
    std::variant<MatchValue, MatchAny, MatchText, MatchPrefix, NumberRange, DatetimeRange,
                 ValuesCount, GeoBox, GeoRadius, GeoPolygon, IsEmpty, IsNull>;

struct FieldCondition {
  JsonPath key;
  FieldTest test;
};

struct HasId {
  std::vector<PointId> ids;  // sorted
};

struct HasVector {
  std::string name;
};

// The filter holds for an element of the array at `key`, which must be an object; inside, has_id
// and has_vector never hold.
struct Nested {
  JsonPath key;
  Filter filter;
};

struct Condition {
  std::variant<FieldCondition, HasId, HasVector, Nested, Filter> test;
};

}  // namespace kith
