// Answers queries (engine/query/query_request.h) from a collection.
//
// Scores are those of Qdrant: engine/query/example_scores.h, fusion.h, mmr.h, formula.h; points by
// id, in an order or sampled have score 1.  Equal scores are answered in the order of ids.  After
// the deadline a query gives what it has and says so; it is looked at between stages and blocks of
// vectors, so that one search of one index still ends.
//
// Thread-safe.
#pragma once

#include <span>
#include <vector>

#include "core/result.h"
#include "engine/query/query_context.h"
#include "engine/query/query_request.h"

namespace kith {

// Errors: kInvalidArgument (over a limit, a wrong vector, a query that cannot be applied),
// kNotFound (a point or a collection that the query names), and those of the collection.
Result<QueryAnswer> RunQuery(const QueryContext& context, const QueryRequest& request);

// One after the other; the first error is that of the batch.
Result<std::vector<QueryAnswer>> RunQueryBatch(const QueryContext& context,
                                               std::span<const QueryRequest> requests);

// The limits of query_request.h.  Errors: kInvalidArgument, naming the stage ("prefetch[1].limit").
Status ValidateQuery(const QueryRequest& request);

}  // namespace kith
