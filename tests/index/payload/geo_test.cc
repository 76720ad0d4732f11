#include "index/payload/geo.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/random.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

constexpr GeoPoint kBerlin{.lon = 13.4050, .lat = 52.5200}, kParis{.lon = 2.3522, .lat = 48.8566};
constexpr GeoPoint kFiji{.lon = 178.0, .lat = -17.7}, kSamoa{.lon = -172.1, .lat = -13.8};

TEST(GeoTest, MeasuresGreatCircles) {
  EXPECT_NEAR(HaversineM(kBerlin, kParis), 877'464, 500);
  EXPECT_NEAR(HaversineM({.lon = 0, .lat = 0}, {.lon = 180, .lat = 0}),
              3.141592653589793 * kEarthRadiusM, 1);
  EXPECT_NEAR(HaversineM({.lon = 179.5, .lat = 0}, {.lon = -179.5, .lat = 0}), 111'195, 1);
  EXPECT_EQ(HaversineM(kBerlin, kBerlin), 0);
}

TEST(GeoTest, BoxesMayCrossTheAntimeridianAndLeaveOutTheirEdges) {
  const GeoBox europe{.top_left = {.lon = 0, .lat = 60}, .bottom_right = {.lon = 20, .lat = 40}};
  EXPECT_TRUE(Contains(europe, kBerlin));
  EXPECT_FALSE(Contains(europe, kFiji));
  EXPECT_FALSE(Contains(europe, {.lon = 0, .lat = 50}));
  EXPECT_FALSE(Contains(europe, {.lon = 10, .lat = 60}));
  const GeoBox pacific{.top_left = {.lon = 170, .lat = 0},
                       .bottom_right = {.lon = -170, .lat = -30}};
  EXPECT_TRUE(Contains(pacific, kFiji));
  EXPECT_TRUE(Contains(pacific, kSamoa));
  EXPECT_FALSE(Contains(pacific, kBerlin));
}

TEST(GeoTest, PolygonsHaveHoles) {
  const GeoPolygon ring{.exterior = {{0, 0}, {10, 0}, {10, 10}, {0, 10}, {0, 0}},
                        .interiors = {{{4, 4}, {6, 4}, {6, 6}, {4, 6}, {4, 4}}}};
  EXPECT_TRUE(Contains(ring, {.lon = 2, .lat = 5}));
  EXPECT_FALSE(Contains(ring, {.lon = 5, .lat = 5}));
  EXPECT_FALSE(Contains(ring, {.lon = 11, .lat = 5}));
  const GeoPolygon arrow{.exterior = {{0, 0}, {10, 0}, {5, 2}, {0, 10}, {0, 0}}, .interiors = {}};
  EXPECT_TRUE(Contains(arrow, {.lon = 1, .lat = 7}));
  EXPECT_FALSE(Contains(arrow, {.lon = 6, .lat = 5}));
}

TEST(GeoTest, CoversHoldEveryPointInside) {
  RandomStream random(1, 0);
  const auto point = [&] {
    return GeoPoint{.lon = random.Uniform() * 360 - 180, .lat = random.Uniform() * 180 - 90};
  };
  const auto held = [](const std::vector<GeoBox>& cover, const GeoPoint& place) {
    return std::any_of(cover.begin(), cover.end(), [&](const GeoBox& box) {
      return box.top_left.lon <= place.lon && place.lon <= box.bottom_right.lon &&
             box.bottom_right.lat <= place.lat && place.lat <= box.top_left.lat;
    });
  };
  int inside = 0;
  for (int i = 0; i < 3000; ++i) {
    const GeoBox box{.top_left = point(), .bottom_right = point()};
    const double scale = random.Below(3) == 0 ? 2e7 : 1e6;
    const GeoRadius circle{.center = point(), .radius_m = random.Uniform() * scale};
    GeoPolygon polygon{.exterior = {point(), point(), point(), point()}, .interiors = {}};
    polygon.exterior.push_back(polygon.exterior[0]);
    for (int j = 0; j < 40; ++j) {
      GeoPoint place = point();
      if (j % 2 == 0) {  // near the circle's edge
        place = circle.center;
        place.lon += (random.Uniform() - .5) * circle.radius_m / 5e4;
        place.lat += (random.Uniform() - .5) * circle.radius_m / 5e4;
        if (!IsOnEarth(place)) continue;
      }
      ASSERT_TRUE(!Contains(box, place) || held(Cover(box), place));
      ASSERT_TRUE(!Contains(polygon, place) || held(Cover(polygon), place));
      if (!Contains(circle, place)) continue;
      ++inside;
      ASSERT_TRUE(held(Cover(circle), place)) << circle.center.lon << " " << circle.center.lat;
    }
  }
  EXPECT_GT(inside, 5000);
}

TEST(GeoTest, TakesPointsFromObjectsWithTwoNumbers) {
  const auto point = [](std::string_view json) { return GeoPointOf(ParseJson(json).value()); };
  EXPECT_EQ(point(R"({"lat":1,"lon":2.5,"name":"x"})"), (GeoPoint{.lon = 2.5, .lat = 1}));
  EXPECT_EQ(point(R"({"lat":1,"lon":"2"})"), std::nullopt);
  EXPECT_EQ(point(R"({"lat":1})"), std::nullopt);
  EXPECT_EQ(point("[1,2]"), std::nullopt);
  EXPECT_FALSE(IsOnEarth(*point(R"({"lat":91,"lon":0})")));
}

}  // namespace
}  // namespace kith
