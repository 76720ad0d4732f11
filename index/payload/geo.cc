#include "index/payload/geo.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kith {
namespace {

constexpr double kRadians = std::numbers::pi / 180;
// Degrees by which a cover is larger than computed: far above the rounding of sin and asin, and a
// tenth of a millimetre on the ground.
constexpr double kCoverSlack = 1e-9;

bool InsideRing(const std::vector<GeoPoint>& ring, const GeoPoint& point) {
  bool inside = false;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const GeoPoint &a = ring[i], &b = ring[i + 1];
    if ((a.lat > point.lat) == (b.lat > point.lat)) continue;
    const double crossing = a.lon + (point.lat - a.lat) / (b.lat - a.lat) * (b.lon - a.lon);
    if (point.lon < crossing) inside = !inside;
  }
  return inside;
}

GeoBox BoxOf(double west, double east, double south, double north) {
  return {.top_left = {.lon = west, .lat = north}, .bottom_right = {.lon = east, .lat = south}};
}

}  // namespace

std::optional<GeoPoint> GeoPointOf(const JsonValue& value) {
  const JsonValue* lon = value.Find("lon");
  const JsonValue* lat = value.Find("lat");
  if (lon == nullptr || lat == nullptr) return std::nullopt;
  const std::optional<double> x = lon->AsDouble(), y = lat->AsDouble();
  if (!x || !y) return std::nullopt;
  return GeoPoint{.lon = *x, .lat = *y};
}

bool IsOnEarth(const GeoPoint& point) {
  return point.lon >= -180 && point.lon <= 180 && point.lat >= -90 && point.lat <= 90;
}

double HaversineM(const GeoPoint& a, const GeoPoint& b) {
  const double sin_lat = std::sin((b.lat - a.lat) * kRadians / 2);
  const double sin_lon = std::sin((b.lon - a.lon) * kRadians / 2);
  const double h = sin_lat * sin_lat +
                   std::cos(a.lat * kRadians) * std::cos(b.lat * kRadians) * sin_lon * sin_lon;
  return 2 * kEarthRadiusM * std::asin(std::sqrt(std::clamp(h, 0.0, 1.0)));
}

bool Contains(const GeoBox& box, const GeoPoint& point) {
  const double west = box.top_left.lon, east = box.bottom_right.lon;
  const bool lon =
      west > east ? point.lon > west || point.lon < east : point.lon > west && point.lon < east;
  return lon && point.lat > box.bottom_right.lat && point.lat < box.top_left.lat;
}

bool Contains(const GeoRadius& circle, const GeoPoint& point) {
  return HaversineM(circle.center, point) < circle.radius_m;
}

bool Contains(const GeoPolygon& polygon, const GeoPoint& point) {
  return InsideRing(polygon.exterior, point) &&
         std::none_of(polygon.interiors.begin(), polygon.interiors.end(),
                      [&](const auto& hole) { return InsideRing(hole, point); });
}

std::vector<GeoBox> Cover(const GeoBox& box) {
  const double west = box.top_left.lon, east = box.bottom_right.lon;
  const double south = box.bottom_right.lat, north = box.top_left.lat;
  if (south >= north) return {};
  if (west <= east) return {BoxOf(west, east, south, north)};
  return {BoxOf(west, 180, south, north), BoxOf(-180, east, south, north)};
}

std::vector<GeoBox> Cover(const GeoRadius& circle) {
  const double angle = circle.radius_m / kEarthRadiusM;  // radians
  const double south = circle.center.lat - angle / kRadians - kCoverSlack;
  const double north = circle.center.lat + angle / kRadians + kCoverSlack;
  const double sin_lon = std::sin(angle) / std::cos(circle.center.lat * kRadians);
  // A circle around a pole meets every meridian.
  if (south <= -90 || north >= 90 || angle >= std::numbers::pi / 2 || sin_lon >= 1) {
    return {BoxOf(-180, 180, std::max(south, -90.0), std::min(north, 90.0))};
  }
  const double half = std::asin(sin_lon) / kRadians + kCoverSlack;
  const double west = circle.center.lon - half, east = circle.center.lon + half;
  if (west < -180) {
    return {BoxOf(west + 360, 180, south, north), BoxOf(-180, east, south, north)};
  }
  if (east > 180) return {BoxOf(west, 180, south, north), BoxOf(-180, east - 360, south, north)};
  return {BoxOf(west, east, south, north)};
}

std::vector<GeoBox> Cover(const GeoPolygon& polygon) {
  if (polygon.exterior.empty()) return {};
  const auto by_lon = [](const GeoPoint& a, const GeoPoint& b) { return a.lon < b.lon; };
  const auto by_lat = [](const GeoPoint& a, const GeoPoint& b) { return a.lat < b.lat; };
  const auto& ring = polygon.exterior;
  const auto [west, east] = std::minmax_element(ring.begin(), ring.end(), by_lon);
  const auto [south, north] = std::minmax_element(ring.begin(), ring.end(), by_lat);
  return {BoxOf(west->lon, east->lon, south->lat, north->lat)};
}

}  // namespace kith
