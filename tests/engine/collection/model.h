// A collection as a map: what the real one is compared with.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/distance.h"
#include "engine/collection/collection.h"
#include "engine/collection/payload_edit.h"
#include "index/payload/filter_match.h"

namespace kith {

class CollectionModel {
 public:
  explicit CollectionModel(CollectionConfig config) : config_(std::move(config)) {}

  std::map<PointId, Point>& points() { return points_; }
  const std::map<PointId, Point>& points() const { return points_; }

  bool Holds(const Filter& filter, const Point& point) const {
    const JsonValue payload(point.payload);
    const std::function<bool(std::string_view)> has = [&](std::string_view name) {
      return point.vectors.count(std::string(name)) > 0;
    };
    return Matches(filter, {.payload = payload, .id = point.id, .has_vector = &has});
  }
  std::vector<PointId> Select(const PointSelector& selector) const {
    std::vector<PointId> ids;
    if (!selector.filter) {
      for (const PointId& id : selector.ids) {
        if (points_.count(id) > 0) ids.push_back(id);
      }
      return ids;
    }
    for (const auto& [id, point] : points_) {
      if (Holds(*selector.filter, point)) ids.push_back(id);
    }
    return ids;
  }

  void Apply(const Operation& operation) {
    std::visit([&](const auto& o) { Do(o); }, operation);
  }

  // Scores of the `limit` nearest, nearest first, by the definition.
  std::vector<float> Scores(const std::string& name, std::span<const float> query,
                            const Filter* filter, std::size_t limit) const {
    const VectorConfig& config = config_.vectors.at(name);
    std::vector<float> scores;
    for (const auto& [id, point] : points_) {
      const auto vector = point.vectors.find(name);
      if (vector == point.vectors.end()) continue;
      if (filter != nullptr && !Holds(*filter, point)) continue;
      scores.push_back(Score(config.metric, query, vector->second));
    }
    std::sort(scores.begin(), scores.end());
    if (config.metric != Metric::kL2) std::reverse(scores.begin(), scores.end());
    scores.resize(std::min(scores.size(), limit));
    return scores;
  }

  static float Score(Metric metric, std::span<const float> a, std::span<const float> b) {
    double dot = 0, aa = 0, bb = 0, l2 = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      dot += double{a[i]} * b[i];
      aa += double{a[i]} * a[i];
      bb += double{b[i]} * b[i];
      l2 += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    }
    if (metric == Metric::kL2) return static_cast<float>(std::sqrt(l2));
    if (metric == Metric::kInnerProduct) return static_cast<float>(dot);
    return aa * bb > 0 ? static_cast<float>(dot / std::sqrt(aa * bb)) : 0;
  }

 private:
  void Do(const UpsertPoints& o) {
    for (const Point& point : o.points) {
      const bool there = points_.count(point.id) > 0;
      if (there && o.mode == UpsertPoints::Mode::kInsertOnly) continue;
      if (!there && o.mode == UpsertPoints::Mode::kUpdateOnly) continue;
      points_[point.id] = point;
    }
  }
  void Do(const DeletePoints& o) {
    for (const PointId& id : Select(o.points)) points_.erase(id);
  }
  void Do(const SetPayload& o) {
    for (const PointId& id : Select(o.points)) SetMembersAt(points_[id].payload, o.key, o.payload);
  }
  void Do(const OverwritePayload& o) {
    for (const PointId& id : Select(o.points)) points_[id].payload = o.payload;
  }
  void Do(const DeletePayloadKeys& o) {
    for (const PointId& id : Select(o.points)) {
      for (const JsonPath& key : o.keys) EraseAt(points_[id].payload, key);
    }
  }
  void Do(const ClearPayload& o) {
    for (const PointId& id : Select(o.points)) points_[id].payload = {};
  }
  void Do(const UpdateVectors& o) {
    for (const UpdateVectors::Entry& entry : o.points) {
      for (const auto& [name, vector] : entry.vectors) points_[entry.id].vectors[name] = vector;
    }
  }
  void Do(const DeleteVectors& o) {
    for (const PointId& id : Select(o.points)) {
      for (const std::string& name : o.names) points_[id].vectors.erase(name);
    }
  }

  CollectionConfig config_;
  std::map<PointId, Point> points_;
};

}  // namespace kith
