// What is read, seen by what it matches, is in filter_match_test.cc; here is what is refused.
#include "index/payload/filter_parser.h"

#include <gtest/gtest.h>

#include "storage/json_parser.h"

namespace kith {
namespace {

std::string ErrorOf(const JsonValue& json) {
  const Result<Filter> filter = ParseFilter(json);
  EXPECT_TRUE(filter.ok() || filter.error().code == ErrorCode::kInvalidArgument);
  return filter.ok() ? "none" : filter.error().message;
}

std::string Error(std::string_view text) {
  const Result<JsonValue> json = ParseJson(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? ErrorOf(json.value()) : "";
}

TEST(FilterParserTest, NamesThePlaceOfAnUnknownKey) {
  EXPECT_EQ(Error(R"({"most":[]})"),
            "filter: unknown key 'most', expected must, should, must_not, min_should");
  EXPECT_EQ(Error(R"({"must":[{"key":"a","match":{"value":1}},{},{"key":"n","range":{"gtt":3}}]})"),
            "filter.must[2].range: unknown key 'gtt', expected lt, gt, lte, gte");
  EXPECT_EQ(Error(R"({"should":{"must_not":[{"key":"a","mach":{"value":1}}]}})"),
            "filter.should.must_not[0]: unknown key 'mach', expected key, match, range, "
            "values_count, geo_bounding_box, geo_radius, geo_polygon, is_empty, is_null");
  EXPECT_EQ(Error(R"({"must":[{"nested":{"key":"a","filter":{"must":{"x":1}}}}]})"),
            "filter.must[0].nested.filter.must: unknown key 'x', expected a condition: key with a "
            "test, has_id, has_vector, is_empty, is_null, nested, or a filter");
  EXPECT_EQ(Error(R"({"must":{"key":"a","match":{"value":1,"vlaue":2}}})"),
            "filter.must.match: unknown key 'vlaue', expected value, any, except, text, text_any, "
            "phrase, prefix");
  EXPECT_EQ(Error(R"({"must":{"has_id":[1],"key2":1}})"),
            "filter.must: unknown key 'key2', expected has_id");
}

TEST(FilterParserTest, RefusesValuesOfAWrongKind) {
  const auto error = [](const std::string& condition) {
    return Error("{\"must\":" + condition + "}");
  };
  EXPECT_EQ(Error("[]"), "filter: expected an object, found an array");
  EXPECT_EQ(error("7"), "filter.must: expected a condition (an object), found a number");
  EXPECT_EQ(error("[null]"), "filter.must[0]: expected a condition (an object), found null");
  EXPECT_EQ(error(R"({"key":7,"match":{"value":1}})"),
            "filter.must.key: expected a string, found a number");
  EXPECT_EQ(error(R"({"key":"a[","match":{"value":1}})"),
            "filter.must.key: path 'a[': expected a number or ']' at byte 2");
  EXPECT_EQ(error(R"({"key":"a"})"),
            "filter.must: expected exactly one test beside 'key' (match, range, values_count, "
            "geo_bounding_box, geo_radius, geo_polygon, is_empty, is_null), found 0");
  EXPECT_EQ(error(R"({"key":"a","match":{"value":1.5}})"),
            "filter.must.match.value: expected a string, an integer or a bool, found a number");
  EXPECT_EQ(
      error(R"({"key":"a","match":{}})"),
      "filter.must.match: expected exactly one of value, any, except, text, text_any, phrase, "
      "prefix");
  EXPECT_EQ(error(R"({"key":"a","match":{"any":["x",1]}})"),
            "filter.must.match.any: expected strings only or integers only, found both");
  EXPECT_EQ(error(R"({"key":"a","match":{"any":[1,true]}})"),
            "filter.must.match.any[1]: expected a string or an integer, found a bool");
  EXPECT_EQ(error(R"({"key":"a","range":{"lt":"yesterday"}})"),
            "filter.must.range.lt: 'yesterday' is no datetime: expected RFC 3339 "
            "(2024-02-29T23:59:59Z), YYYY-MM-DD or YYYY-MM-DD HH:MM[:SS]");
  EXPECT_EQ(error(R"({"key":"a","range":{"lt":"2024-01-01","gt":3}})"),
            "filter.must.range.gt: expected a datetime like the other bounds, found a number");
  EXPECT_EQ(error(R"({"key":"a","values_count":{"lt":-1}})"),
            "filter.must.values_count.lt: expected an unsigned integer, found a number");
  EXPECT_EQ(error(R"({"has_id":[1,"x"]})"),
            "filter.must.has_id[1]: 'x' is no point id: expected an unsigned 64-bit number or a "
            "UUID");
  EXPECT_EQ(error(R"({"has_id":[-1]})"),
            "filter.must.has_id[0]: expected an unsigned integer or a UUID, found a number");
  EXPECT_EQ(error(R"({"has_id":7})"), "filter.must.has_id: expected an array, found a number");
  EXPECT_EQ(error(R"({"nested":{"key":"a"}})"), "filter.must.nested: missing 'filter'");
  EXPECT_EQ(Error(R"({"min_should":{"conditions":[],"min_count":0}})"),
            "filter.min_should.min_count: expected at least 1, found 0");
}

TEST(FilterParserTest, RefusesPlacesOffTheEarthAndOpenRings) {
  const auto error = [](const std::string& region) {
    return Error("{\"must\":{\"key\":\"g\"," + region + "}}");
  };
  EXPECT_EQ(error(R"("geo_radius":{"center":{"lon":181,"lat":0},"radius":1})"),
            "filter.must.geo_radius.center: expected lon from -180 to 180 and lat from -90 to 90, "
            "found 181.0 and 0.0");
  EXPECT_EQ(error(R"("geo_radius":{"center":{"lon":1,"lat":0},"radius":-1})"),
            "filter.must.geo_radius.radius: expected metres from 0, found -1.0");
  EXPECT_EQ(error(R"("geo_bounding_box":{"top_left":{"lon":1,"lat":0}})"),
            "filter.must.geo_bounding_box: missing 'bottom_right'");
  EXPECT_EQ(error(R"("geo_polygon":{"exterior":{"points":[{"lon":0,"lat":0},{"lon":1,"lat":0},
                     {"lon":1,"lat":1},{"lon":0,"lat":1}]}})"),
            "filter.must.geo_polygon.exterior.points: expected at least 4 points, the last one "
            "equal to the first");
}

TEST(FilterParserTest, TakesNullForMissing) {
  EXPECT_EQ(Error(R"({"must":null,"should":null,"min_should":null})"), "none");
  EXPECT_EQ(Error(R"({"must":{"key":"a","range":{"lt":1,"gt":null},"match":null}})"), "none");
}

JsonValue Object(std::string_view key, JsonValue value) {
  JsonObject object;
  object.Set(key, std::move(value));
  return object;
}

TEST(FilterParserTest, BoundsWhatAFilterMayHold) {
  JsonArray ids(kFilterListMax, JsonValue(1));
  EXPECT_EQ(ErrorOf(Object("must", Object("has_id", ids))), "none");
  ids.push_back(JsonValue(1));
  EXPECT_EQ(ErrorOf(Object("must", Object("has_id", ids))),
            "filter.must.has_id: 65537 values, expected at most 65536");
  JsonArray conditions(kFilterConditionsMax, JsonValue(JsonObject()));
  EXPECT_EQ(ErrorOf(Object("must", conditions)), "none");
  conditions.push_back(JsonObject());
  EXPECT_EQ(ErrorOf(Object("must", conditions)),
            "filter.must[4096]: a filter has at most 4096 conditions");
  JsonValue deep{JsonObject()};
  for (std::size_t i = 1; i < kFilterDepthMax; ++i) deep = Object("must", deep);
  EXPECT_EQ(ErrorOf(deep), "none");
  EXPECT_NE(ErrorOf(Object("must", deep)).find("more than 16 filters inside one another"),
            std::string::npos);
}

TEST(FilterParserTest, ReadsPointIds) {
  EXPECT_EQ(ParsePointId(JsonValue(~std::uint64_t{0}), "id").value(), PointId(~std::uint64_t{0}));
  EXPECT_EQ(ParsePointId("0f8fad5bd9cb469fa16570867728950e", "id").value().ToString(),
            "0f8fad5b-d9cb-469f-a165-70867728950e");
  EXPECT_EQ(ParsePointId(JsonValue(1.0), "points[3].id").error().message,
            "points[3].id: expected an unsigned integer or a UUID, found a number");
}

}  // namespace
}  // namespace kith
