// Requests that read points, out of Qdrant's REST bodies (query_parser.h has those that rank them).
//
//   scroll   := {"offset": id?, "limit": n = 10, "filter": filter?, "with_payload": selector =
//   true,
//                "with_vector": selector = false, "order_by": order?}
//   retrieve := {"ids": [id*], "with_payload": selector = true, "with_vector": selector = false}
//   count    := {"filter": filter?, "exact": b = true}
//   facet    := {"key": key, "limit": n = 10, "filter": filter?, "exact": b = false}
//   matrix   := {"sample": n = 10, "limit": n = 3, "filter": filter?, "using": name?}
//   groups   := a query request without offset, and {"group_by": key, "group_size": n = 3,
//                "with_lookup": name | {"collection": name, "with_payload": selector = true,
//                "with_vectors": selector = false}?}
//
// All objects are closed: a key that is not known is an error.  Null is as good as missing.
// Errors: kInvalidArgument, naming the place; kUnsupported as in query_parser.h.  Thread-safe.
#pragma once

#include "core/json_value.h"
#include "core/result.h"
#include "engine/query/groups.h"
#include "engine/query/matrix.h"
#include "engine/query/read_requests.h"

namespace kith {

inline constexpr std::size_t kRetrieveIdsMax = 65536;

Result<ScrollRequest> ParseScrollRequest(const JsonValue& json);
Result<RetrieveRequest> ParseRetrieveRequest(const JsonValue& json);
Result<CountRequest> ParseCountRequest(const JsonValue& json);
Result<FacetRequest> ParseFacetRequest(const JsonValue& json);
Result<MatrixRequest> ParseMatrixRequest(const JsonValue& json);
Result<GroupsRequest> ParseGroupsRequest(const JsonValue& json);

}  // namespace kith
