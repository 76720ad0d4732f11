// Qdrant's meaning of each condition, by hand: rows of a condition, payloads it holds for and
// payloads it does not hold for.
#include "index/payload/filter_match.h"

#include <gtest/gtest.h>

#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

JsonValue Json(std::string_view text) {
  Result<JsonValue> json = ParseJson(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? std::move(json).value() : JsonValue();
}

bool Holds(std::string_view filter, std::string_view payload, const TextFields* text = nullptr,
           PointId id = PointId(1)) {
  const Result<Filter> parsed = ParseFilter(Json(filter));
  EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  if (!parsed.ok()) return false;
  const JsonValue json = Json(payload);
  const std::function<bool(std::string_view)> has_vector = [](std::string_view name) {
    return name == "image" || name.empty();
  };
  return Matches(
      parsed.value(),
      FilterSubject{.payload = json, .id = id, .has_vector = &has_vector, .text_fields = text});
}

struct Row {
  const char* condition;
  std::vector<const char*> holds, holds_not;
};

void Check(const std::vector<Row>& rows, const TextFields* text = nullptr) {
  for (const Row& row : rows) {
    const std::string must = std::string("{\"must\":[") + row.condition + "]}";
    const std::string must_not = std::string("{\"must_not\":[") + row.condition + "]}";
    for (const char* payload : row.holds) {
      EXPECT_TRUE(Holds(must, payload, text)) << must << " of " << payload;
      EXPECT_FALSE(Holds(must_not, payload, text)) << must_not << " of " << payload;
    }
    for (const char* payload : row.holds_not) {
      EXPECT_FALSE(Holds(must, payload, text)) << must << " of " << payload;
      EXPECT_TRUE(Holds(must_not, payload, text)) << must_not << " of " << payload;
    }
  }
}

TEST(FilterMatchTest, ValuesAreEqualByKind) {
  Check({
      {R"({"key":"k","match":{"value":"red"}})",
       {R"({"k":"red"})", R"({"k":["blue","red"]})"},
       {R"({"k":"Red"})", R"({"k":"redd"})", R"({"k":[["red"]]})", R"({"k":{"red":1}})", "{}",
        R"({"k":null})", R"({"k":[]})", "null"}},
      {R"({"key":"k","match":{"value":5}})",
       {R"({"k":5})", R"({"k":[1,5]})"},
       {R"({"k":5.0})", R"({"k":"5"})", R"({"k":true})", R"({"k":18446744073709551615})"}},
      {R"({"key":"k","match":{"value":true}})",
       {R"({"k":true})", R"({"k":[false,true]})"},
       {R"({"k":false})", R"({"k":"true"})", R"({"k":1})"}},
      {R"({"key":"k","match":{"any":["a","b"]}})",
       {R"({"k":"b"})", R"({"k":["x","a"]})"},
       {R"({"k":"c"})", R"({"k":1})", "{}"}},
      {R"({"key":"k","match":{"any":[2,1]}})", {R"({"k":1})"}, {R"({"k":1.0})", R"({"k":"1"})"}},
      {R"({"key":"k","match":{"any":[]}})", {}, {R"({"k":1})", "{}"}},
      {R"({"key":"k","match":{"prefix":"re"}})",
       {R"({"k":"red"})", R"({"k":["x","re"]})"},
       {R"({"k":"r"})", R"({"k":"are"})", R"({"k":1})"}},
  });
}

TEST(FilterMatchTest, ExceptHoldsForAnyOtherValueThatIsNotNull) {
  Check({
      {R"({"key":"k","match":{"except":["a","b"]}})",
       {R"({"k":"c"})", R"({"k":["a","c"]})", R"({"k":1})", R"({"k":true})", R"({"k":{}})",
        R"({"k":[["a"]]})", R"({"k":["a",1]})"},
       {R"({"k":"a"})", R"({"k":["a","b"]})", R"({"k":null})", R"({"k":[null,"a"]})", R"({"k":[]})",
        "{}"}},
      {R"({"key":"k","match":{"except":[1]}})",
       {R"({"k":2})", R"({"k":1.0})", R"({"k":"1"})"},
       {R"({"k":1})", "{}"}},
      {R"({"key":"k","match":{"except":[]}})",
       {R"({"k":0})", R"({"k":""})"},
       {R"({"k":null})", "{}", R"({"k":[]})"}},
  });
}

TEST(FilterMatchTest, RangesHoldForNumbersOrForDatetimes) {
  Check({
      {R"({"key":"k","range":{"gt":1,"lte":2.5}})",
       {R"({"k":2})", R"({"k":2.5})", R"({"k":1.0001})", R"({"k":[9,2]})"},
       {R"({"k":1})", R"({"k":2.6})", R"({"k":[0.5,3]})", R"({"k":"2"})", R"({"k":null})", "{}",
        R"({"k":true})"}},
      {R"({"key":"k","range":{"gte":18446744073709551615}})",
       {R"({"k":18446744073709551615})", R"({"k":1e300})"},
       {R"({"k":9223372036854775807})"}},
      {R"({"key":"k","range":{}})", {R"({"k":0})"}, {R"({"k":"0"})", "{}"}},
      {R"({"key":"k","range":{"gte":"2024-01-01","lt":"2024-01-02T00:00:00Z"}})",
       {R"({"k":"2024-01-01T00:00:00Z"})", R"({"k":"2024-01-01 23:59:59.999999"})",
        R"({"k":["x","2024-01-02T00:30:00+01:00"]})"},
       {R"({"k":"2024-01-02"})", R"({"k":"2023-12-31"})", R"({"k":1704067200})", R"({"k":"x"})"}},
  });
}

TEST(FilterMatchTest, CountsElementsOfPresentValues) {
  Check({
      {R"({"key":"k","values_count":{"gte":2}})",
       {R"({"k":[1,2]})", R"({"k":[null,null]})"},
       {R"({"k":[1]})", R"({"k":"two words"})", R"({"k":{"a":1,"b":2}})", "{}"}},
      {R"({"key":"k","values_count":{"lt":1}})",
       {R"({"k":null})", R"({"k":[]})"},
       {R"({"k":0})", "{}"}},
      {R"({"key":"l[].k","values_count":{"gt":1,"lt":3}})",
       {R"({"l":[{"k":1},{"k":[1,2]}]})"},
       {R"({"l":[{"k":1},{"k":[1,2,3]}]})", R"({"l":[]})"}},
  });
}

TEST(FilterMatchTest, EmptyIsMissingNullOrNoElement) {
  for (const char* form : {R"({"is_empty":{"key":"k"}})", R"({"key":"k","is_empty":true})"}) {
    Check({{form,
            {"{}", "null", R"({"k":null})", R"({"k":[]})"},
            {R"({"k":[null]})", R"({"k":""})", R"({"k":{}})", R"({"k":0})", R"({"k":false})"}}});
  }
  Check({{R"({"key":"k","is_empty":false})",
          {R"({"k":[null]})", R"({"k":0})"},
          {"{}", R"({"k":[]})"}},
         {R"({"is_empty":{"key":"l[].k"}})",
          {R"({"l":[{"k":null},{}]})", "{}"},
          {R"({"l":[{"k":null},{"k":1}]})"}}});
}

TEST(FilterMatchTest, NullIsNullOrAnArrayWithNull) {
  for (const char* form : {R"({"is_null":{"key":"k"}})", R"({"key":"k","is_null":true})"}) {
    Check({{form,
            {R"({"k":null})", R"({"k":[1,null]})"},
            {"{}", R"({"k":[]})", R"({"k":0})", R"({"k":[[null]]})", R"({"k":"null"})"}}});
  }
  Check({{R"({"key":"k","is_null":false})", {"{}", R"({"k":1})"}, {R"({"k":null})"}}});
}

TEST(FilterMatchTest, RegionsHoldForPoints) {
  Check({
      {R"({"key":"g","geo_bounding_box":{"top_left":{"lon":0,"lat":60},
           "bottom_right":{"lon":20,"lat":40}}})",
       {R"({"g":{"lon":13.4,"lat":52.5}})", R"({"g":[{"lon":99,"lat":0},{"lon":2,"lat":48}]})"},
       {R"({"g":{"lon":13.4,"lat":39}})", R"({"g":{"lon":"13.4","lat":52}})", R"({"g":[13.4,52]})",
        R"({"g":{"lon":13.4}})", "{}"}},
      {R"({"key":"g","geo_bounding_box":{"top_left":{"lon":170,"lat":10},
           "bottom_right":{"lon":-170,"lat":-10}}})",
       {R"({"g":{"lon":175,"lat":0}})", R"({"g":{"lon":-175,"lat":0}})"},
       {R"({"g":{"lon":0,"lat":0}})"}},
      {R"({"key":"g","geo_radius":{"center":{"lon":13.4,"lat":52.52},"radius":2000}})",
       {R"({"g":{"lon":13.41,"lat":52.52}})"},
       {R"({"g":{"lon":13.5,"lat":52.52}})"}},
      {R"({"key":"g","geo_polygon":{"exterior":{"points":[{"lon":0,"lat":0},{"lon":9,"lat":0},
           {"lon":9,"lat":9},{"lon":0,"lat":9},{"lon":0,"lat":0}]},"interiors":[{"points":[
           {"lon":4,"lat":4},{"lon":5,"lat":4},{"lon":5,"lat":5},{"lon":4,"lat":4}]}]}})",
       {R"({"g":{"lon":1,"lat":8}})"},
       {R"({"g":{"lon":4.9,"lat":4.1}})", R"({"g":{"lon":10,"lat":1}})"}},
  });
}

TEST(FilterMatchTest, TextsAreSubstringsWithoutAnIndexAndTokensWithOne) {
  Check({
      {R"({"key":"x","match":{"text":"quick br"}})",
       {R"({"x":"a quick brown fox"})", R"({"x":["y","quick br"]})"},
       {R"({"x":"quickbrown"})", R"({"x":"Quick brown"})", R"({"x":7})", "{}"}},
      {R"({"key":"x","match":{"text_any":" cat  fox "}})",
       {R"({"x":"foxes"})", R"({"x":"a cat"})"},
       {R"({"x":"dog"})"}},
      {R"({"key":"x","match":{"phrase":"brown fox"}})",
       {R"({"x":"a brown foxtrot"})"},
       {R"({"x":"fox brown"})"}},
      {R"({"key":"x","match":{"text_any":"  "}})", {}, {R"({"x":"  "})"}},
  });
  TextFields text;
  text.Set(JsonPath::Parse("x").value(), {});
  text.Set(JsonPath::Parse("l[].x").value(), {});
  Check(
      {
          {R"({"key":"x","match":{"text":"FOX quick"}})",
           {R"({"x":"a quick, brown fox"})"},
           {R"({"x":"a quick brown foxtrot"})", R"({"x":["quick","fox"]})", "{}"}},
          {R"({"key":"x","match":{"text_any":"cat fox"}})",
           {R"({"x":"Fox!"})"},
           {R"({"x":"foxes"})"}},
          {R"({"key":"x","match":{"phrase":"brown fox"}})",
           {R"({"x":"the Brown: fox"})"},
           {R"({"x":"fox brown"})", R"({"x":"brown quick fox"})"}},
          {R"({"key":"x","match":{"text":"!!"}})", {}, {R"({"x":"!!"})"}},
          {R"({"nested":{"key":"l","filter":{"must":{"key":"x","match":{"text":"fox"}}}}})",
           {R"({"l":[{"x":"Fox"}]})"},
           {R"({"l":[{"x":"foxes"}]})"}},
          {R"({"key":"other","match":{"text":"ox"}})", {R"({"other":"fox"})"}, {}},
      },
      &text);
}

TEST(FilterMatchTest, NestedFiltersHoldForOneElement) {
  constexpr const char* kDiet =
      R"({"nested":{"key":"diet","filter":{"must":[{"key":"food","match":{"value":"meat"}},
          {"key":"likes","match":{"value":true}}]}}})";
  Check({
      {kDiet,
       {R"({"diet":[{"food":"leaves","likes":false},{"food":"meat","likes":true}]})"},
       {R"({"diet":[{"food":"leaves","likes":true},{"food":"meat","likes":false}]})",
        R"({"diet":{"food":"meat","likes":true}})", R"({"diet":["meat"]})", "{}"}},
      {R"({"nested":{"key":"a[].b","filter":{"must":{"key":"c","match":{"value":1}}}}})",
       {R"({"a":[{"b":[{"c":1}]}]})"},
       {R"({"a":[{"b":{"c":1}}]})"}},
      {R"({"nested":{"key":"a","filter":{"must_not":{"key":"c","match":{"value":1}}}}})",
       {R"({"a":[{"c":1},{"c":2}]})", R"({"a":[{}]})"},
       {R"({"a":[{"c":1}]})", R"({"a":[]})", "{}"}},
      {R"({"nested":{"key":"a","filter":{"must":{"has_id":[1]}}}})", {}, {R"({"a":[{}]})"}},
      {R"({"nested":{"key":"a","filter":{"must_not":{"has_vector":"image"}}}})",
       {R"({"a":[{}]})"},
       {}},
  });
}

TEST(FilterMatchTest, IdsAndVectorsAreOfThePoint) {
  const char* uuid = R"({"must":{"has_id":[7,"0F8FAD5B-D9CB-469F-A165-70867728950E"]}})";
  const PointId id = PointId::ParseUuid("0f8fad5bd9cb469fa16570867728950e").value();
  EXPECT_TRUE(Holds(uuid, "{}", nullptr, id));
  EXPECT_TRUE(Holds(uuid, "{}", nullptr, PointId(7)));
  EXPECT_FALSE(Holds(uuid, "{}", nullptr, PointId(8)));
  EXPECT_TRUE(Holds(R"({"must":{"has_vector":"image"}})", "{}"));
  EXPECT_TRUE(Holds(R"({"must":{"has_vector":""}})", "{}"));
  EXPECT_FALSE(Holds(R"({"must":{"has_vector":"text"}})", "{}"));
}

TEST(FilterMatchTest, ClausesCombine) {
  const char* payload = R"({"a":1,"b":2})";
  const auto holds = [&](std::string filter) {
    for (const auto& [name, condition] : {std::pair("YES", R"({"key":"a","match":{"value":1}})"),
                                          std::pair("NO", R"({"key":"a","match":{"value":2}})")}) {
      for (std::size_t at = filter.find(name); at != std::string::npos; at = filter.find(name)) {
        filter.replace(at, std::string_view(name).size(), condition);
      }
    }
    return Holds(filter, payload);
  };
  EXPECT_TRUE(holds("{}"));
  EXPECT_TRUE(holds(R"({"must":[],"should":[],"must_not":[]})"));
  EXPECT_TRUE(holds(R"({"must":[YES,YES]})"));
  EXPECT_FALSE(holds(R"({"must":[YES,NO]})"));
  EXPECT_TRUE(holds(R"({"should":[NO,YES]})"));
  EXPECT_FALSE(holds(R"({"should":[NO]})"));
  EXPECT_FALSE(holds(R"({"must":YES,"should":NO})"));
  EXPECT_TRUE(holds(R"({"must_not":[NO,NO]})"));
  EXPECT_FALSE(holds(R"({"must_not":[NO,YES]})"));
  EXPECT_TRUE(holds(R"({"min_should":{"conditions":[YES,NO,YES],"min_count":2}})"));
  EXPECT_FALSE(holds(R"({"min_should":{"conditions":[YES,NO,YES],"min_count":3}})"));
  EXPECT_FALSE(holds(R"({"min_should":{"conditions":[],"min_count":1}})"));
  EXPECT_TRUE(holds(R"({"must":[{"should":[NO,{"must_not":NO}]}]})"));
  EXPECT_TRUE(holds(R"({"must":{}})"));
  EXPECT_FALSE(holds(R"({"must_not":[{}]})"));
}

}  // namespace
}  // namespace kith
