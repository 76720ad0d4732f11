// Bodies of the endpoints that Qdrant had before it had queries, as bodies of queries.
//
//   search     {"vector": [n*] | {"name": name, "vector": [n*]}, ...}
//   recommend  {"positive": [input*]?, "negative": [input*]?, "strategy": name?, ...}
//   discover   {"target": input?, "context": [pair*]?, ...}
//
// All else in them (filter, params, limit, group_by, ...) is as in a query.  Without a target,
// discover is a context query.  Thread-safe.
#pragma once

#include <cstdint>

#include "core/json_value.h"
#include "core/result.h"

namespace kith {

enum class LegacyForm : std::uint8_t { kSearch, kRecommend, kDiscover };

// What ParseQueryRequest and ParseGroupsRequest read.  Errors: kInvalidArgument.
Result<JsonValue> QueryOfLegacy(LegacyForm form, JsonValue body);
// {"searches": [body*]}, for ParseQueryBatch.
Result<JsonValue> QueryBatchOfLegacy(LegacyForm form, JsonValue body);

}  // namespace kith
