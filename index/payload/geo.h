// Places on the earth and the regions that filters name.
//
// Degrees; lon from -180 to 180, lat from -90 to 90.  Pure functions, thread-safe.
#pragma once

#include <optional>
#include <vector>

#include "core/json_value.h"

namespace kith {

inline constexpr double kEarthRadiusM = 6371008.8;  // mean radius of WGS 84, as Qdrant's

struct GeoPoint {
  double lon = 0, lat = 0;
  friend bool operator==(const GeoPoint&, const GeoPoint&) = default;
};

// Crosses the antimeridian when top_left.lon > bottom_right.lon.
struct GeoBox {
  GeoPoint top_left, bottom_right;
};

struct GeoRadius {
  GeoPoint center;
  double radius_m = 0;
};

// Rings are closed: the last point is the first.  Edges are straight in (lon, lat).
struct GeoPolygon {
  std::vector<GeoPoint> exterior;
  std::vector<std::vector<GeoPoint>> interiors;  // holes
};

// The point of a payload value {"lon": number, "lat": number}, in range or not; other members are
// ignored.
std::optional<GeoPoint> GeoPointOf(const JsonValue& value);
bool IsOnEarth(const GeoPoint& point);

// Great-circle distance (haversine formula) in metres.
double HaversineM(const GeoPoint& a, const GeoPoint& b);

// Inside; a point on the edge of a box or at radius_m exactly is outside, and one on the edge of a
// polygon may be either.
bool Contains(const GeoBox& box, const GeoPoint& point);
bool Contains(const GeoRadius& circle, const GeoPoint& point);
bool Contains(const GeoPolygon& polygon, const GeoPoint& point);

// Boxes (one, or two that meet at the antimeridian) that hold every point on earth which is inside;
// none of them crosses the antimeridian, and their edges belong to them.
std::vector<GeoBox> Cover(const GeoBox& box);
std::vector<GeoBox> Cover(const GeoRadius& circle);
std::vector<GeoBox> Cover(const GeoPolygon& polygon);

}  // namespace kith
