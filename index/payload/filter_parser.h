// Filters out of Qdrant's JSON.
//
//   filter    := {"must": list?, "should": list?, "must_not": list?,
//                 "min_should": {"conditions": list, "min_count": n}?}
//   list      := condition | [condition*]
//   condition := {"key": path, test} | {"is_empty": {"key": path}} | {"is_null": {"key": path}} |
//                {"has_id": [id*]} | {"has_vector": name} |
//                {"nested": {"key": path, "filter": filter}} | filter
//   test      := "match": {"value": v} | {"any": [v*]} | {"except": [v*]} | {"text": s} |
//                         {"text_any": s} | {"phrase": s} | {"prefix": s}
//              | "range": {"lt": n or datetime, "gt", "lte", "gte"} | "values_count": {"lt": n,
//              ...} | "geo_bounding_box" | "geo_radius" | "geo_polygon" | "is_empty": b |
//              "is_null": b
//
// All objects are closed: a key that is not known is an error, so that a misspelt condition never
// passes for none.  A key with the value null is as good as missing.  Thread-safe.
#pragma once

#include "core/json_value.h"
#include "core/result.h"
#include "index/payload/filter.h"

namespace kith {

// Errors: kInvalidArgument; messages name the place ("filter.must[2].range: unknown key 'gtt',
// expected lt, gt, lte, gte").
Result<Filter> ParseFilter(const JsonValue& json);

// A point id: an unsigned number or a UUID string.  `where` opens the message of an error.
Result<PointId> ParsePointId(const JsonValue& json, const std::string& where);

}  // namespace kith
