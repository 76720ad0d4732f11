// The small parts that requests are made of, out of JSON.
//
// `where` opens the message of an error: "request.prefetch[1].limit".  Errors: kInvalidArgument,
// kUnsupported (sparse vectors, multivectors, texts to be embedded).  Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/json_value.h"
#include "core/result.h"
#include "engine/collection/point.h"
#include "engine/query/query_request.h"
#include "index/payload/filter.h"
#include "index/payload/json_path.h"

namespace kith {

inline constexpr std::size_t kSelectorPathsMax = 1024;

Error InvalidAt(const std::string& where, const std::string& message);
std::string ElementAt(const std::string& where, std::size_t position);

Result<JsonPath> PathAt(const JsonValue& json, const std::string& where);
Result<Filter> FilterAt(const JsonValue& json, const std::string& where);
Result<float> FloatAt(const JsonValue& json, const std::string& where);
// [f*] of at most kIndexDimMax numbers.
Result<std::vector<float>> DenseVectorAt(const JsonValue& json, const std::string& where);
// [f*] or an id.
Result<VectorInput> VectorInputAt(const JsonValue& json, const std::string& where);
// bool | [path*] | {"include": [path*]} | {"exclude": [path*]}
Result<PayloadSelector> PayloadSelectorAt(const JsonValue& json, const std::string& where);
// bool | name | [name*]
Result<VectorSelector> VectorSelectorAt(const JsonValue& json, const std::string& where);
// path | {"key": path, "direction": "asc" | "desc"?, "start_from": number | datetime?}
Result<OrderByQuery> OrderByAt(const JsonValue& json, const std::string& where);

}  // namespace kith
