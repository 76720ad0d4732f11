#include "engine/query/request_values.h"

#include <cmath>

#include "index/payload/filter_parser.h"
#include "index/payload/json_fields.h"
#include "index/vector_index.h"

namespace kith {
namespace {

Error Unsupported(const std::string& where, const std::string& what) {
  return Error{ErrorCode::kUnsupported, where + ": " + what + " are not supported"};
}

Result<std::vector<JsonPath>> PathsAt(const JsonValue& json, const std::string& where) {
  if (!json.is_array()) return WrongKind(where, "an array", json);
  const JsonArray& array = json.array();
  if (array.size() > kSelectorPathsMax) {
    return InvalidAt(where, std::to_string(array.size()) + " keys, expected at most " +
                                std::to_string(kSelectorPathsMax));
  }
  std::vector<JsonPath> paths;
  for (std::size_t i = 0; i < array.size(); ++i) {
    JsonPath path = TRY(PathAt(array[i], ElementAt(where, i)));
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace

Error InvalidAt(const std::string& where, const std::string& message) {
  return Error{ErrorCode::kInvalidArgument, where + ": " + message};
}

std::string ElementAt(const std::string& where, std::size_t position) {
  return where + "[" + std::to_string(position) + "]";
}

Result<JsonPath> PathAt(const JsonValue& json, const std::string& where) {
  const std::string text = TRY(StringAt(json, where));
  Result<JsonPath> path = JsonPath::Parse(text);
  if (!path.ok()) return InvalidAt(where, path.error().message);
  if (path.value().empty()) return InvalidAt(where, "expected a key, found an empty text");
  return path;
}

Result<Filter> FilterAt(const JsonValue& json, const std::string& where) {
  Result<Filter> filter = ParseFilter(json);
  if (!filter.ok()) return Error{filter.error().code, where + ": " + filter.error().message};
  return filter;
}

Result<float> FloatAt(const JsonValue& json, const std::string& where) {
  const float value = static_cast<float>(TRY(NumberAt(json, where)));
  if (!std::isfinite(value)) return InvalidAt(where, "expected a number in the range of float32");
  return value;
}

Result<std::vector<float>> DenseVectorAt(const JsonValue& json, const std::string& where) {
  if (json.is_object()) return Unsupported(where, "sparse vectors and texts to be embedded");
  if (!json.is_array()) return WrongKind(where, "an array of numbers", json);
  const JsonArray& array = json.array();
  if (array.size() > kIndexDimMax) {
    return InvalidAt(where, "a vector of " + std::to_string(array.size()) +
                                " numbers, expected at most " + std::to_string(kIndexDimMax));
  }
  std::vector<float> vector;
  vector.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (array[i].is_array()) return Unsupported(where, "multivectors");
    const float value = TRY(FloatAt(array[i], ElementAt(where, i)));
    vector.push_back(value);
  }
  return vector;
}

Result<VectorInput> VectorInputAt(const JsonValue& json, const std::string& where) {
  if (json.is_array() || json.is_object()) {
    std::vector<float> vector = TRY(DenseVectorAt(json, where));
    return VectorInput(std::move(vector));
  }
  if (!json.is_string() && !json.AsUint64()) {
    return WrongKind(where, "a vector or a point id (an unsigned integer or a UUID)", json);
  }
  const PointId id = TRY(ParsePointId(json, where));
  return VectorInput(id);
}

Result<PayloadSelector> PayloadSelectorAt(const JsonValue& json, const std::string& where) {
  PayloadSelector selector;
  if (json.is_bool()) {
    selector.enabled = json.boolean();
    return selector;
  }
  if (json.is_array()) {
    selector.include = TRY(PathsAt(json, where));
    selector.enabled = !selector.include.empty();
    return selector;
  }
  if (!json.is_object()) {
    return WrongKind(where, "a bool, an array of keys, or an object with include or exclude", json);
  }
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* include = fields.Take("include");
  const JsonValue* exclude = fields.Take("exclude");
  TRY(fields.Done());
  if ((include == nullptr) == (exclude == nullptr)) {
    return InvalidAt(where, "expected one of include and exclude");
  }
  if (include != nullptr) {
    selector.include = TRY(PathsAt(*include, fields.Where("include")));
    selector.enabled = !selector.include.empty();
  } else {
    selector.exclude = TRY(PathsAt(*exclude, fields.Where("exclude")));
  }
  return selector;
}

Result<VectorSelector> VectorSelectorAt(const JsonValue& json, const std::string& where) {
  VectorSelector selector;
  if (json.is_bool()) {
    selector.enabled = json.boolean();
    return selector;
  }
  if (json.is_string()) {
    selector.enabled = true;
    selector.names.push_back(json.string());
    return selector;
  }
  if (!json.is_array()) return WrongKind(where, "a bool or an array of vector names", json);
  if (json.array().size() > kVectorNamesMax) {
    return InvalidAt(where, std::to_string(json.array().size()) + " names, expected at most " +
                                std::to_string(kVectorNamesMax));
  }
  for (std::size_t i = 0; i < json.array().size(); ++i) {
    std::string name = TRY(StringAt(json.array()[i], ElementAt(where, i)));
    selector.names.push_back(std::move(name));
  }
  selector.enabled = !selector.names.empty();
  return selector;
}

Result<OrderByQuery> OrderByAt(const JsonValue& json, const std::string& where) {
  OrderByQuery order;
  if (json.is_string()) {
    order.key = TRY(PathAt(json, where));
    return order;
  }
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* key = TRY(fields.Need("key"));
  const JsonValue* direction = fields.Take("direction");
  const JsonValue* start = fields.Take("start_from");
  TRY(fields.Done());
  order.key = TRY(PathAt(*key, fields.Where("key")));
  if (direction != nullptr) {
    const std::string name = TRY(StringAt(*direction, fields.Where("direction")));
    if (name != "asc" && name != "desc") {
      return InvalidAt(fields.Where("direction"), "expected asc or desc");
    }
    order.descending = name == "desc";
  }
  if (start != nullptr) {
    if (!start->is_number() && !start->is_string()) {
      return WrongKind(fields.Where("start_from"), "a number or a datetime", *start);
    }
    order.start = *start;
  }
  return order;
}

}  // namespace kith
