#include "engine/collection/point_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

Error Bad(const std::string& where, const std::string& what) {
  return Error{ErrorCode::kInvalidArgument, where + ": " + what};
}

Result<std::vector<float>> VectorFromJson(const JsonValue& json, const std::string& where) {
  if (!json.is_array()) {
    return Bad(where,
               "expected a vector, an array of numbers, found " + std::string(JsonKindName(json)));
  }
  std::vector<float> vector;
  vector.reserve(json.array().size());
  for (const JsonValue& element : json.array()) {
    const auto number = element.AsDouble();
    if (!number || !std::isfinite(static_cast<float>(*number))) {
      return Bad(where, "expected a number that fits a float at position " +
                            std::to_string(vector.size()) + " of the vector, found " +
                            std::string(JsonKindName(element)));
    }
    vector.push_back(static_cast<float>(*number));
  }
  return vector;
}

void AppendVector(const std::vector<float>& vector, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (i > 0) out += ',';
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), vector[i]);
    out.append(text.data(), end.ptr);
  }
  out += ']';
}

}  // namespace

Result<Point> PointFromJson(JsonValue json, const std::string& where) {
  if (!json.is_object()) {
    return Bad(where, "expected a point, an object, found " + std::string(JsonKindName(json)));
  }
  Point point;
  if (const JsonValue* id = json.Find("id"); id != nullptr) {
    point.id = TRY(ParsePointId(*id, where));
  } else {
    return Bad(where, "expected a point, found an object without \"id\"");
  }
  for (const JsonMember& member : json.object()) {
    if (member.key == "vector") {
      if (member.value.is_null()) continue;
      if (!member.value.is_object()) {
        point.vectors[""] = TRY(VectorFromJson(member.value, where));
        continue;
      }
      for (const JsonMember& named : member.value.object()) {
        point.vectors[named.key] = TRY(VectorFromJson(named.value, where));
      }
    } else if (member.key != "id" && member.key != "payload") {
      return Bad(where, "expected \"id\", \"vector\" and \"payload\", found \"" +
                            member.key.substr(0, 64) + "\"");
    }
  }
  if (JsonValue* payload = json.object().Find("payload"); payload != nullptr) {
    if (payload->is_object()) {
      point.payload = std::move(payload->object());
    } else if (!payload->is_null()) {
      return Bad(where,
                 "expected \"payload\", an object, found " + std::string(JsonKindName(*payload)));
    }
  }
  return point;
}

Result<Point> ParsePoint(std::string_view text, const std::string& where) {
  Result<JsonValue> json = ParseJson(text);
  if (!json.ok()) return Error{json.error().code, where + ": " + json.error().message};
  return PointFromJson(std::move(json).value(), where);
}

void AppendPoint(const Record& record, std::string& out) {
  out += "{\"id\":";
  out += record.id.is_uuid() ? '"' + record.id.ToString() + '"' : record.id.ToString();
  if (record.vectors.size() == 1 && record.vectors.begin()->first.empty()) {
    out += ",\"vector\":";
    AppendVector(record.vectors.begin()->second, out);
  } else if (!record.vectors.empty()) {
    out += ",\"vector\":{";
    for (bool first = true; const auto& [name, vector] : record.vectors) {
      if (!std::exchange(first, false)) out += ',';
      AppendJson(JsonValue(name), out);
      out += ':';
      AppendVector(vector, out);
    }
    out += '}';
  }
  if (record.payload && !record.payload->empty()) {
    out += ",\"payload\":";
    AppendJson(JsonValue(*record.payload), out);
  }
  out += '}';
}

}  // namespace kith
