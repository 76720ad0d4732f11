// Ranked slots as the points of an answer.
//
// Private to engine/query.  Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "core/result.h"
#include "engine/query/query_request.h"
#include "engine/query/ranked_points.h"

namespace kith {

struct RecordParts {
  PayloadSelector payload;
  VectorSelector vectors;
};

// In that order; points that are gone since they were found are left out.
Result<std::vector<ScoredPoint>> RecordsOf(const Collection& collection, const RankedPoints& ranked,
                                           const RecordParts& parts);

void DropFirst(std::size_t count, RankedPoints& ranked);

}  // namespace kith
