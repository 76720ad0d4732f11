#include "index/payload/filter_parser.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "index/payload/datetime.h"
#include "index/payload/json_fields.h"

namespace kith {
namespace {

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

std::string Element(const std::string& where, std::size_t position) {
  return where + "[" + std::to_string(position) + "]";
}

Result<const JsonArray*> ListAt(const JsonValue& json, const std::string& where) {
  if (!json.is_array()) return WrongKind(where, "an array", json);
  if (json.array().size() > kFilterListMax) {
    return Invalid(where + ": " + std::to_string(json.array().size()) +
                   " values, expected at most " + std::to_string(kFilterListMax));
  }
  return &json.array();
}

Result<JsonPath> PathAt(const JsonValue& json, const std::string& where) {
  const std::string text = TRY(StringAt(json, where));
  Result<JsonPath> path = JsonPath::Parse(text);
  if (!path.ok()) return Invalid(where + ": " + path.error().message);
  return path;
}

Result<std::string> TextAt(const JsonValue& json, const std::string& where) {
  std::string text = TRY(StringAt(json, where));
  if (text.size() > kFilterTextBytesMax) {
    return Invalid(where + ": " + std::to_string(text.size()) + " bytes, expected at most " +
                   std::to_string(kFilterTextBytesMax));
  }
  return text;
}

template <typename T>
void SortAndUnite(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

Result<MatchValue> ParseMatchValue(const JsonValue& json, const std::string& where) {
  if (json.is_bool()) return MatchValue{json.boolean()};
  if (const std::optional<std::int64_t> integer = json.AsInt64()) return MatchValue{*integer};
  if (!json.is_string()) return WrongKind(where, "a string, an integer or a bool", json);
  std::string text = TRY(TextAt(json, where));
  return MatchValue{std::move(text)};
}

Result<MatchAny> ParseMatchAny(const JsonValue& json, const std::string& where, bool except) {
  const JsonArray& values = *TRY(ListAt(json, where));
  MatchAny match{.strings = {}, .integers = {}, .except = except};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const std::optional<std::int64_t> integer = values[i].AsInt64()) {
      match.integers.push_back(*integer);
    } else if (values[i].is_string()) {
      std::string text = TRY(TextAt(values[i], Element(where, i)));
      match.strings.push_back(std::move(text));
    } else {
      return WrongKind(Element(where, i), "a string or an integer", values[i]);
    }
  }
  if (!match.strings.empty() && !match.integers.empty()) {
    return Invalid(where + ": expected strings only or integers only, found both");
  }
  SortAndUnite(match.strings);
  SortAndUnite(match.integers);
  return match;
}

Result<FieldTest> ParseMatch(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  std::vector<FieldTest> tests;
  if (const JsonValue* value = fields.Take("value")) {
    MatchValue test = TRY(ParseMatchValue(*value, fields.Where("value")));
    tests.emplace_back(std::move(test));
  }
  for (const bool except : {false, true}) {
    const char* key = except ? "except" : "any";
    if (const JsonValue* list = fields.Take(key)) {
      MatchAny test = TRY(ParseMatchAny(*list, fields.Where(key), except));
      tests.emplace_back(std::move(test));
    }
  }
  using Mode = MatchText::Mode;
  constexpr std::array<std::pair<const char*, Mode>, 3> kTexts = {
      {{"text", Mode::kAll}, {"text_any", Mode::kAny}, {"phrase", Mode::kPhrase}}};
  for (const auto& [key, mode] : kTexts) {
    if (const JsonValue* value = fields.Take(key)) {
      std::string text = TRY(TextAt(*value, fields.Where(key)));
      tests.emplace_back(MatchText{.mode = mode, .text = std::move(text)});
    }
  }
  if (const JsonValue* value = fields.Take("prefix")) {
    std::string text = TRY(TextAt(*value, fields.Where("prefix")));
    tests.emplace_back(MatchPrefix{std::move(text)});
  }
  TRY(fields.Done());
  if (tests.size() == 1) return std::move(tests[0]);
  return Invalid(where +
                 ": expected exactly one of value, any, except, text, text_any, phrase, prefix");
}

// The four bounds, read by `parse(json, where)`.
template <typename T, typename Parse>
Result<Bounds<T>> ParseBounds(const JsonValue& json, const std::string& where, Parse parse) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  Bounds<T> bounds;
  const std::array<std::pair<const char*, std::optional<T>*>, 4> parts = {
      {{"lt", &bounds.lt}, {"gt", &bounds.gt}, {"lte", &bounds.lte}, {"gte", &bounds.gte}}};
  for (const auto& [key, bound] : parts) {
    if (const JsonValue* value = fields.Take(key)) {
      const T parsed = TRY(parse(*value, fields.Where(key)));
      *bound = parsed;
    }
  }
  TRY(fields.Done());
  return bounds;
}

Result<std::int64_t> DatetimeAt(const JsonValue& json, const std::string& where) {
  if (!json.is_string()) return WrongKind(where, "a datetime like the other bounds", json);
  const std::optional<std::int64_t> time = ParseDatetime(json.string());
  if (time) return *time;
  return Invalid(where + ": '" + json.string().substr(0, 64) +
                 "' is no datetime: expected RFC 3339 (2024-02-29T23:59:59Z), "
                 "YYYY-MM-DD or YYYY-MM-DD HH:MM[:SS]");
}

Result<FieldTest> ParseRange(const JsonValue& json, const std::string& where) {
  const bool datetimes = json.is_object() && std::any_of(json.object().begin(), json.object().end(),
                                                         [](const JsonMember& member) {
                                                           return member.value.is_string();
                                                         });
  if (datetimes) {
    const Bounds<std::int64_t> bounds = TRY(ParseBounds<std::int64_t>(json, where, DatetimeAt));
    return FieldTest(DatetimeRange{bounds});
  }
  const Bounds<double> bounds = TRY(ParseBounds<double>(json, where, NumberAt));
  return FieldTest(NumberRange{bounds});
}

Result<FieldTest> ParseValuesCount(const JsonValue& json, const std::string& where) {
  const Bounds<std::uint64_t> bounds = TRY(ParseBounds<std::uint64_t>(json, where, UnsignedAt));
  return FieldTest(ValuesCount{bounds});
}

Result<GeoPoint> ParseGeoPoint(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* lon = TRY(fields.Need("lon"));
  const JsonValue* lat = TRY(fields.Need("lat"));
  TRY(fields.Done());
  GeoPoint point;
  point.lon = TRY(NumberAt(*lon, fields.Where("lon")));
  point.lat = TRY(NumberAt(*lat, fields.Where("lat")));
  if (IsOnEarth(point)) return point;
  return Invalid(where + ": expected lon from -180 to 180 and lat from -90 to 90, found " +
                 ToJson(point.lon) + " and " + ToJson(point.lat));
}

Result<FieldTest> ParseGeoBox(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* top_left = TRY(fields.Need("top_left"));
  const JsonValue* bottom_right = TRY(fields.Need("bottom_right"));
  TRY(fields.Done());
  GeoBox box;
  box.top_left = TRY(ParseGeoPoint(*top_left, fields.Where("top_left")));
  box.bottom_right = TRY(ParseGeoPoint(*bottom_right, fields.Where("bottom_right")));
  return FieldTest(box);
}

Result<FieldTest> ParseGeoRadius(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* center = TRY(fields.Need("center"));
  const JsonValue* radius = TRY(fields.Need("radius"));
  TRY(fields.Done());
  GeoRadius circle;
  circle.center = TRY(ParseGeoPoint(*center, fields.Where("center")));
  circle.radius_m = TRY(NumberAt(*radius, fields.Where("radius")));
  if (circle.radius_m >= 0) return FieldTest(circle);
  return Invalid(fields.Where("radius") + ": expected metres from 0, found " +
                 ToJson(circle.radius_m));
}

Result<std::vector<GeoPoint>> ParseRing(const JsonValue& json, const std::string& where,
                                        std::size_t& points_left) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* list = TRY(fields.Need("points"));
  TRY(fields.Done());
  if (!list->is_array()) return WrongKind(fields.Where("points"), "an array", *list);
  const JsonArray& points = list->array();
  if (points.size() > points_left) {
    return Invalid(fields.Where("points") + ": a polygon has at most " +
                   std::to_string(kPolygonPointsMax) + " points");
  }
  points_left -= points.size();
  std::vector<GeoPoint> ring;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const GeoPoint point = TRY(ParseGeoPoint(points[i], Element(fields.Where("points"), i)));
    ring.push_back(point);
  }
  if (ring.size() >= 4 && ring.front() == ring.back()) return ring;
  return Invalid(fields.Where("points") +
                 ": expected at least 4 points, the last one equal to the first");
}

Result<FieldTest> ParseGeoPolygon(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* exterior = TRY(fields.Need("exterior"));
  const JsonValue* interiors = fields.Take("interiors");
  TRY(fields.Done());
  std::size_t points_left = kPolygonPointsMax;
  GeoPolygon polygon;
  polygon.exterior = TRY(ParseRing(*exterior, fields.Where("exterior"), points_left));
  if (interiors == nullptr) return FieldTest(std::move(polygon));
  const JsonArray& holes = *TRY(ListAt(*interiors, fields.Where("interiors")));
  for (std::size_t i = 0; i < holes.size(); ++i) {
    std::vector<GeoPoint> ring =
        TRY(ParseRing(holes[i], Element(fields.Where("interiors"), i), points_left));
    polygon.interiors.push_back(std::move(ring));
  }
  return FieldTest(std::move(polygon));
}

Result<FieldTest> ParseIsEmpty(const JsonValue& json, const std::string& where) {
  const bool expected = TRY(BoolAt(json, where));
  return FieldTest(IsEmpty{expected});
}

Result<FieldTest> ParseIsNull(const JsonValue& json, const std::string& where) {
  const bool expected = TRY(BoolAt(json, where));
  return FieldTest(IsNull{expected});
}

// A test of a field: one more is a parser and a row.
struct TestRow {
  const char* key;
  Result<FieldTest> (*parse)(const JsonValue&, const std::string&);
};
constexpr TestRow kTests[] = {
    {"match", ParseMatch},
    {"range", ParseRange},
    {"values_count", ParseValuesCount},
    {"geo_bounding_box", ParseGeoBox},
    {"geo_radius", ParseGeoRadius},
    {"geo_polygon", ParseGeoPolygon},
    {"is_empty", ParseIsEmpty},
    {"is_null", ParseIsNull},
};

class FilterParser {
 public:
  Result<Filter> ParseFilter(const JsonValue& json, const std::string& where) {
    if (depth_ == kFilterDepthMax) {
      return Invalid(where + ": more than " + std::to_string(kFilterDepthMax) +
                     " filters inside one another");
    }
    ++depth_;
    JsonFields fields = TRY(JsonFields::Of(json, where));
    Filter filter;
    const std::array<std::pair<const char*, std::vector<Condition>*>, 3> lists = {
        {{"must", &filter.must}, {"should", &filter.should}, {"must_not", &filter.must_not}}};
    for (const auto& [key, list] : lists) {
      if (const JsonValue* conditions = fields.Take(key)) {
        *list = TRY(ParseConditions(*conditions, fields.Where(key)));
      }
    }
    if (const JsonValue* min_should = fields.Take("min_should")) {
      filter.min_should = TRY(ParseMinShould(*min_should, fields.Where("min_should")));
    }
    TRY(fields.Done());
    --depth_;
    return filter;
  }

 private:
  Result<MinShould> ParseMinShould(const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* conditions = TRY(fields.Need("conditions"));
    const JsonValue* min_count = TRY(fields.Need("min_count"));
    TRY(fields.Done());
    MinShould min_should;
    min_should.conditions = TRY(ParseConditions(*conditions, fields.Where("conditions")));
    min_should.min_count = TRY(UnsignedAt(*min_count, fields.Where("min_count")));
    if (min_should.min_count > 0) return min_should;
    return Invalid(fields.Where("min_count") + ": expected at least 1, found 0");
  }

  Result<std::vector<Condition>> ParseConditions(const JsonValue& json, const std::string& where) {
    std::vector<Condition> conditions;
    if (!json.is_array()) {
      Condition condition = TRY(ParseCondition(json, where));
      conditions.push_back(std::move(condition));
      return conditions;
    }
    for (std::size_t i = 0; i < json.array().size(); ++i) {
      Condition condition = TRY(ParseCondition(json.array()[i], Element(where, i)));
      conditions.push_back(std::move(condition));
    }
    return conditions;
  }

  Result<Condition> ParseCondition(const JsonValue& json, const std::string& where) {
    if (++conditions_ > kFilterConditionsMax) {
      return Invalid(where + ": a filter has at most " + std::to_string(kFilterConditionsMax) +
                     " conditions");
    }
    if (json.Find("key") != nullptr) return ParseField(json, where);
    if (json.Find("has_id") != nullptr) return ParseHasId(json, where);
    if (json.Find("has_vector") != nullptr) return ParseHasVector(json, where);
    if (json.Find("nested") != nullptr) return ParseNested(json, where);
    if (json.Find("is_empty") != nullptr) {
      return ParseKeyed(json, where, "is_empty", FieldTest(IsEmpty{}));
    }
    if (json.Find("is_null") != nullptr) {
      return ParseKeyed(json, where, "is_null", FieldTest(IsNull{}));
    }
    const bool is_filter =
        json.is_object() &&
        (json.object().empty() || json.Find("must") != nullptr || json.Find("should") != nullptr ||
         json.Find("must_not") != nullptr || json.Find("min_should") != nullptr);
    if (is_filter) {
      Filter filter = TRY(ParseFilter(json, where));
      return Condition{std::move(filter)};
    }
    if (!json.is_object()) return WrongKind(where, "a condition (an object)", json);
    return Invalid(where + ": unknown key '" + json.object().begin()->key.substr(0, 64) +
                   "', expected a condition: key with a test, has_id, has_vector, is_empty, "
                   "is_null, nested, or a filter");
  }

  Result<Condition> ParseField(const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* key = TRY(fields.Need("key"));
    FieldCondition condition;
    condition.key = TRY(PathAt(*key, fields.Where("key")));
    std::size_t found = 0;
    for (const TestRow& row : kTests) {
      if (const JsonValue* test = fields.Take(row.key)) {
        condition.test = TRY(row.parse(*test, fields.Where(row.key)));
        ++found;
      }
    }
    TRY(fields.Done());
    if (found == 1) return Condition{std::move(condition)};
    return Invalid(where +
                   ": expected exactly one test beside 'key' (match, range, values_count, " +
                   "geo_bounding_box, geo_radius, geo_polygon, is_empty, is_null), found " +
                   std::to_string(found));
  }

  Result<Condition> ParseKeyed(const JsonValue& json, const std::string& where,
                               std::string_view name, FieldTest test) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* field = TRY(fields.Need(name));
    TRY(fields.Done());
    JsonFields inner = TRY(JsonFields::Of(*field, fields.Where(name)));
    const JsonValue* key = TRY(inner.Need("key"));
    TRY(inner.Done());
    FieldCondition condition;
    condition.key = TRY(PathAt(*key, inner.Where("key")));
    condition.test = std::move(test);
    return Condition{std::move(condition)};
  }

  Result<Condition> ParseHasId(const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* list = TRY(fields.Need("has_id"));
    TRY(fields.Done());
    const JsonArray& ids = *TRY(ListAt(*list, fields.Where("has_id")));
    HasId condition;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const PointId id = TRY(ParsePointId(ids[i], Element(fields.Where("has_id"), i)));
      condition.ids.push_back(id);
    }
    SortAndUnite(condition.ids);
    return Condition{std::move(condition)};
  }

  Result<Condition> ParseHasVector(const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* name = TRY(fields.Need("has_vector"));
    TRY(fields.Done());
    HasVector condition;
    condition.name = TRY(TextAt(*name, fields.Where("has_vector")));
    return Condition{std::move(condition)};
  }

  Result<Condition> ParseNested(const JsonValue& json, const std::string& where) {
    JsonFields outer = TRY(JsonFields::Of(json, where));
    const JsonValue* nested = TRY(outer.Need("nested"));
    TRY(outer.Done());
    JsonFields fields = TRY(JsonFields::Of(*nested, outer.Where("nested")));
    const JsonValue* key = TRY(fields.Need("key"));
    const JsonValue* filter = TRY(fields.Need("filter"));
    TRY(fields.Done());
    Nested condition;
    condition.key = TRY(PathAt(*key, fields.Where("key")));
    condition.filter = TRY(ParseFilter(*filter, fields.Where("filter")));
    return Condition{std::move(condition)};
  }

  std::size_t depth_ = 0, conditions_ = 0;
};

}  // namespace

Result<Filter> ParseFilter(const JsonValue& json) {
  Filter filter = TRY(FilterParser().ParseFilter(json, "filter"));
  filter.source = ToJson(json);
  return filter;
}

Result<PointId> ParsePointId(const JsonValue& json, const std::string& where) {
  if (const std::optional<std::uint64_t> number = json.AsUint64()) return PointId(*number);
  if (!json.is_string()) return WrongKind(where, "an unsigned integer or a UUID", json);
  Result<PointId> id = PointId::ParseUuid(json.string());
  if (!id.ok()) return Invalid(where + ": " + id.error().message);
  return id;
}

}  // namespace kith
