#include "engine/query/read_parser.h"

#include "engine/query/query_parser.h"
#include "engine/query/request_values.h"
#include "index/payload/filter_parser.h"
#include "index/payload/json_fields.h"

namespace kith {
namespace {

Status TakeFilter(JsonFields& fields, std::optional<Filter>& filter) {
  if (const JsonValue* json = fields.Take("filter")) {
    filter = TRY(FilterAt(*json, fields.where()));
  }
  return {};
}

Status TakeCount(JsonFields& fields, const char* key, std::size_t& count) {
  if (const JsonValue* json = fields.Take(key)) {
    count = TRY(UnsignedAt(*json, fields.Where(key)));
  }
  return {};
}

Status TakeBool(JsonFields& fields, const char* key, bool& value) {
  if (const JsonValue* json = fields.Take(key)) value = TRY(BoolAt(*json, fields.Where(key)));
  return {};
}

// Clients send either name of the second.
Status TakeSelectors(JsonFields& fields, PayloadSelector& payload, VectorSelector& vectors) {
  if (const JsonValue* json = fields.Take("with_payload")) {
    payload = TRY(PayloadSelectorAt(*json, fields.Where("with_payload")));
  }
  for (const char* key : {"with_vector", "with_vectors"}) {
    if (const JsonValue* json = fields.Take(key)) {
      vectors = TRY(VectorSelectorAt(*json, fields.Where(key)));
    }
  }
  return {};
}

Status RefuseShardKey(JsonFields& fields) {
  if (fields.Take("shard_key") == nullptr) return {};
  return Error{ErrorCode::kUnsupported, fields.Where("shard_key") + ": there are no shards"};
}

Result<GroupLookup> GroupLookupAt(const JsonValue& json, const std::string& where) {
  GroupLookup lookup;
  if (json.is_string()) {
    lookup.collection = json.string();
    return lookup;
  }
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* collection = TRY(fields.Need("collection"));
  lookup.collection = TRY(StringAt(*collection, fields.Where("collection")));
  TRY(TakeSelectors(fields, lookup.payload, lookup.vectors));
  TRY(fields.Done());
  return lookup;
}

}  // namespace

Result<ScrollRequest> ParseScrollRequest(const JsonValue& json) {
  JsonFields fields = TRY(JsonFields::Of(json, "request"));
  ScrollRequest request;
  if (const JsonValue* offset = fields.Take("offset")) {
    request.offset = TRY(ParsePointId(*offset, fields.Where("offset")));
  }
  TRY(TakeCount(fields, "limit", request.limit));
  TRY(TakeFilter(fields, request.filter));
  TRY(TakeSelectors(fields, request.payload, request.vectors));
  if (const JsonValue* order = fields.Take("order_by")) {
    request.order_by = TRY(OrderByAt(*order, fields.Where("order_by")));
  }
  TRY(RefuseShardKey(fields));
  TRY(fields.Done());
  return request;
}

Result<RetrieveRequest> ParseRetrieveRequest(const JsonValue& json) {
  JsonFields fields = TRY(JsonFields::Of(json, "request"));
  RetrieveRequest request;
  const JsonValue* ids = TRY(fields.Need("ids"));
  TRY(TakeSelectors(fields, request.payload, request.vectors));
  TRY(RefuseShardKey(fields));
  TRY(fields.Done());
  const std::string where = fields.Where("ids");
  if (!ids->is_array()) return WrongKind(where, "an array of ids", *ids);
  if (ids->array().size() > kRetrieveIdsMax) {
    return InvalidAt(where, std::to_string(ids->array().size()) + " ids, expected at most " +
                                std::to_string(kRetrieveIdsMax));
  }
  for (std::size_t i = 0; i < ids->array().size(); ++i) {
    const PointId id = TRY(ParsePointId(ids->array()[i], ElementAt(where, i)));
    request.ids.push_back(id);
  }
  return request;
}

Result<CountRequest> ParseCountRequest(const JsonValue& json) {
  JsonFields fields = TRY(JsonFields::Of(json, "request"));
  CountRequest request;
  TRY(TakeFilter(fields, request.filter));
  TRY(TakeBool(fields, "exact", request.exact));
  TRY(RefuseShardKey(fields));
  TRY(fields.Done());
  return request;
}

Result<FacetRequest> ParseFacetRequest(const JsonValue& json) {
  JsonFields fields = TRY(JsonFields::Of(json, "request"));
  FacetRequest request;
  const JsonValue* key = TRY(fields.Need("key"));
  request.key = TRY(PathAt(*key, fields.Where("key")));
  TRY(TakeCount(fields, "limit", request.limit));
  TRY(TakeFilter(fields, request.filter));
  TRY(TakeBool(fields, "exact", request.exact));
  TRY(RefuseShardKey(fields));
  TRY(fields.Done());
  return request;
}

Result<MatrixRequest> ParseMatrixRequest(const JsonValue& json) {
  JsonFields fields = TRY(JsonFields::Of(json, "request"));
  MatrixRequest request;
  TRY(TakeCount(fields, "sample", request.sample));
  TRY(TakeCount(fields, "limit", request.limit));
  TRY(TakeFilter(fields, request.filter));
  if (const JsonValue* name = fields.Take("using")) {
    request.using_vector = TRY(StringAt(*name, fields.Where("using")));
  }
  TRY(RefuseShardKey(fields));
  TRY(fields.Done());
  return request;
}

Result<GroupsRequest> ParseGroupsRequest(const JsonValue& json) {
  JsonFields fields = TRY(JsonFields::Of(json, "request"));
  GroupsRequest request;
  request.query = TRY(TakeQueryRequest(fields));
  const JsonValue* group_by = TRY(fields.Need("group_by"));
  request.group_by = TRY(PathAt(*group_by, fields.Where("group_by")));
  TRY(TakeCount(fields, "group_size", request.group_size));
  if (const JsonValue* lookup = fields.Take("with_lookup")) {
    request.lookup = TRY(GroupLookupAt(*lookup, fields.Where("with_lookup")));
  }
  TRY(fields.Done());
  return request;
}

}  // namespace kith
