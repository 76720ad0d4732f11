// Points as users give and get them, and what can be done to them.
//
// Plain data; values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/json_value.h"
#include "core/point_id.h"
#include "index/payload/filter.h"

namespace kith {

using NamedVectors = std::map<std::string, std::vector<float>>;

struct Point {
  PointId id;
  NamedVectors vectors;
  JsonObject payload;
};

// Points by id, or all that a filter holds for.
struct PointSelector {
  std::vector<PointId> ids;
  std::optional<Filter> filter;  // set: ids are ignored
};

// The points from now on, payload and vectors replaced as a whole.
struct UpsertPoints {
  enum class Mode : std::uint8_t { kUpsert, kInsertOnly, kUpdateOnly };
  std::vector<Point> points;
  Mode mode = Mode::kUpsert;
};
struct DeletePoints {
  PointSelector points;
};
// Members of `payload` replace those of the point's payload, or of the object at `key` in it.
struct SetPayload {
  JsonObject payload;
  JsonPath key;
  PointSelector points;
};
struct OverwritePayload {
  JsonObject payload;
  PointSelector points;
};
struct DeletePayloadKeys {
  std::vector<JsonPath> keys;
  PointSelector points;
};
struct ClearPayload {
  PointSelector points;
};
// The named vectors replace those of their names; the others stay.
struct UpdateVectors {
  struct Entry {
    PointId id;
    NamedVectors vectors;
  };
  std::vector<Entry> points;
};
struct DeleteVectors {
  std::vector<std::string> names;
  PointSelector points;
};

using Operation = std::variant<UpsertPoints, DeletePoints, SetPayload, OverwritePayload,
                               DeletePayloadKeys, ClearPayload, UpdateVectors, DeleteVectors>;

// A point as it is returned.
struct Record {
  PointId id;
  std::uint64_t version = 0;  // sequence number of the last write
  std::optional<JsonObject> payload;
  NamedVectors vectors;
};

// Which parts of a point are returned.
struct PayloadSelector {
  bool enabled = true;
  std::vector<JsonPath> include, exclude;  // both empty: all of it
};
struct VectorSelector {
  bool enabled = false;
  std::vector<std::string> names;  // empty: all
};

}  // namespace kith
