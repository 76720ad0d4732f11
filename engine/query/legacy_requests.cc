#include "engine/query/legacy_requests.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "engine/query/request_values.h"
#include "index/payload/json_fields.h"

namespace kith {
namespace {

// Moves members of one object into another.
JsonObject Moved(JsonObject& from, std::initializer_list<const char*> keys) {
  JsonObject to;
  for (const char* key : keys) {
    if (JsonValue* value = from.Find(key)) {
      to.Set(key, std::move(*value));
      from.Erase(key);
    }
  }
  return to;
}

Status MoveSearch(JsonObject& body, const std::string& where) {
  JsonObject moved = Moved(body, {"vector"});
  JsonValue* vector = moved.Find("vector");
  if (vector == nullptr) return InvalidAt(where, "missing 'vector'");
  if (vector->is_object() && vector->Find("name") != nullptr) {
    JsonFields fields = TRY(JsonFields::Of(*vector, where + ".vector"));
    const JsonValue* name = TRY(fields.Need("name"));
    const JsonValue* inner = TRY(fields.Need("vector"));
    TRY(fields.Done());
    body.Set("using", *name);
    JsonValue only = *inner;
    *vector = std::move(only);
  }
  if (!vector->is_array() && !vector->is_object()) {
    return WrongKind(where + ".vector", "an array of numbers", *vector);
  }
  JsonObject query;
  query.Set("nearest", std::move(*vector));
  body.Set("query", std::move(query));
  return {};
}

void MoveRecommend(JsonObject& body) {
  JsonObject query;
  query.Set("recommend", Moved(body, {"positive", "negative", "strategy"}));
  body.Set("query", std::move(query));
}

void MoveDiscover(JsonObject& body) {
  JsonObject discover = Moved(body, {"target", "context"});
  const JsonValue* target = discover.Find("target");
  JsonObject query;
  if (target != nullptr && !target->is_null()) {
    query.Set("discover", std::move(discover));
  } else if (const JsonValue* context = discover.Find("context")) {
    query.Set("context", *context);
  }
  body.Set("query", std::move(query));
}

Result<JsonValue> QueryAt(LegacyForm form, JsonValue body, const std::string& where) {
  if (!body.is_object()) return WrongKind(where, "an object", body);
  JsonObject& object = body.object();
  for (const char* key : {"query", "prefetch"}) {
    if (object.Find(key) != nullptr) {
      return InvalidAt(where, std::string("unknown key '") + key + "'");
    }
  }
  if (form == LegacyForm::kSearch) {
    TRY(MoveSearch(object, where));
  } else if (form == LegacyForm::kRecommend) {
    MoveRecommend(object);
  } else {
    MoveDiscover(object);
  }
  return body;
}

}  // namespace

Result<JsonValue> QueryOfLegacy(LegacyForm form, JsonValue body) {
  return QueryAt(form, std::move(body), "request");
}

Result<JsonValue> QueryBatchOfLegacy(LegacyForm form, JsonValue body) {
  if (!body.is_object()) return WrongKind("request", "an object", body);
  JsonValue* searches = body.object().Find("searches");
  if (searches == nullptr || !searches->is_array()) return body;  // refused when it is parsed
  JsonArray& array = searches->array();
  for (std::size_t i = 0; i < array.size(); ++i) {
    array[i] = TRY(QueryAt(form, std::move(array[i]), ElementAt("request.searches", i)));
  }
  return body;
}

}  // namespace kith
