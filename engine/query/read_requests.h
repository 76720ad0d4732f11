// Requests that read points without ranking them: scroll, retrieve, count, facet.
//
// Plain data; the functions are thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/result.h"
#include "engine/query/query_request.h"

namespace kith {

struct ScrollRequest {
  std::optional<PointId> offset;  // the first id wanted; not with order_by
  std::size_t limit = 10;
  std::optional<Filter> filter;
  PayloadSelector payload;
  VectorSelector vectors;
  std::optional<OrderByQuery> order_by;
};
struct RetrieveRequest {
  std::vector<PointId> ids;
  PayloadSelector payload;
  VectorSelector vectors;
};
struct CountRequest {
  std::optional<Filter> filter;
  bool exact = true;
};
struct FacetRequest {
  JsonPath key;
  std::size_t limit = 10;
  std::optional<Filter> filter;
  bool exact = false;  // of no effect: counts are always exact
};

struct ScrollAnswer {
  std::vector<ScoredPoint> points;  // their scores mean nothing
  std::optional<PointId> next;      // the offset of the next page; none with order_by
};

// Points by ascending id, or in an order.  Errors: kInvalidArgument (limit of 0 or above
// kQueryLimitMax, offset with order_by, no index for the order).
Result<ScrollAnswer> RunScroll(const Collection& collection, const ScrollRequest& request);

}  // namespace kith
