// Queries out of Qdrant's REST bodies.
//
//   request  := {"query": query?, "prefetch": stage | [stage*]?, "using": name?, "filter": filter?,
//                "params": params?, "score_threshold": n?, "limit": n = 10, "offset": n = 0,
//                "with_payload": selector = false, "with_vector": selector = false,
//                "lookup_from": {"collection": name, "vector": name?}?}
//   stage    := the same without offset, with_payload and with_vector
//   query    := input | {"nearest": input, "mmr": {"diversity": n?, "candidates_limit": n?}?}
//             | {"recommend": {"positive": [input*]?, "negative": [input*]?, "strategy":
//                "average_vector" | "best_score" | "sum_scores"?}}
//             | {"discover": {"target": input, "context": pair | [pair*]?}}
//             | {"context": pair | [pair*]}
//             | {"order_by": order} | {"sample": "random"} | {"fusion": "rrf" | "dbsf"}
//             | {"rrf": {"k": n?, "weights": [n*]?}} | {"formula": expression, "defaults": {..}?}
//   pair     := {"positive": input, "negative": input}
//   input    := [number*] | id
//   params   := {"hnsw_ef": n?, "exact": b?, "target_recall": n?, "indexed_only": b?,
//                "quantization": {"ignore": b?, "rescore": b?, "oversampling": n?}?, "acorn":
//                {..}?}
//
// target_recall is kith's own.  indexed_only, quantization and acorn are checked and have no
// effect: what is not in a graph is compared exactly, candidates are always compared again with
// what was stored, filters are always met.
//
// All objects are closed: a key that is not known is an error.  Null is as good as missing.
// Thread-safe.
#pragma once

#include <vector>

#include "core/json_value.h"
#include "core/result.h"
#include "engine/query/query_request.h"
#include "index/payload/json_fields.h"

namespace kith {

// Errors: kInvalidArgument, naming the place ("request.prefetch[1].query: ..."), kUnsupported
// (sparse vectors, multivectors, inference, shard keys, relevance feedback).
Result<QueryRequest> ParseQueryRequest(const JsonValue& json);
// {"searches": [request*]}
Result<std::vector<QueryRequest>> ParseQueryBatch(const JsonValue& json);

// All of a request but its offset, out of the fields of an object that may have more.
Result<QueryRequest> TakeQueryRequest(JsonFields& fields);

}  // namespace kith
