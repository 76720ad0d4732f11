// A query whose points are grouped by a value of their payload.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/json_value.h"
#include "core/result.h"
#include "engine/query/query_context.h"
#include "engine/query/query_request.h"

namespace kith {

inline constexpr std::size_t kGroupsMax = 4096;

// The point of another collection whose id is that of the group.
struct GroupLookup {
  std::string collection;
  PayloadSelector payload;
  VectorSelector vectors;
};

struct GroupsRequest {
  QueryRequest query;  // its limit is the number of groups; no offset
  JsonPath group_by;
  std::size_t group_size = 3;
  std::optional<GroupLookup> lookup;
  // Points ranked at once; more are looked for among the points of groups that are not full, and
  // of those that were not found.
  std::size_t list_max = kQueryLimitMax;
};

struct PointGroup {
  JsonValue id;                   // a string or an integer
  std::vector<ScoredPoint> hits;  // best first, at most group_size
  std::optional<Record> lookup;
};

struct GroupsAnswer {
  std::vector<PointGroup> groups;  // by their best hit
  bool partial = false;
};

// Groups of the best points.  A point is in the group of each string and integer at `group_by`, of
// the elements where there is an array; points without one are in none.  As many groups and hits as
// there are, but for queries over prefetches, which give no more than these: their limits are taken
// times group_size.  Past list_max a point is no longer found for a group of its own when it is
// also in a group that was found before.
// Errors: those of RunQuery; kInvalidArgument (limit or group_size of 0 or too large),
// kNotFound (the collection of the lookup).
Result<GroupsAnswer> RunGroups(const QueryContext& context, const GroupsRequest& request);

}  // namespace kith
