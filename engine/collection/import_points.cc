#include "engine/collection/import_points.h"

#include <string>
#include <utility>

#include "core/resource_usage.h"

namespace kith {
namespace {

// A write says what is wrong with one of a thousand points; this says with which.
Status CheckPoint(const CollectionConfig& config, const Point& point) {
  for (const auto& [name, vector] : point.vectors) {
    const std::string what = "point " + point.id.ToString() +
                             (name.empty() ? ": its vector" : ": its vector '" + name + "'");
    const auto found = config.vectors.find(name);
    if (found == config.vectors.end()) {
      return Error{ErrorCode::kInvalidArgument, what + " is none that the collection has"};
    }
    if (vector.size() != found->second.size) {
      return Error{ErrorCode::kInvalidArgument, what + " has " + std::to_string(vector.size()) +
                                                    " values, expected " +
                                                    std::to_string(found->second.size)};
    }
  }
  return {};
}

}  // namespace

Result<ImportPointsReport> ImportPoints(Collection& collection, PointSource& source,
                                        const Cancellation& cancellation, Progress& progress) {
  const double start_seconds = WallSeconds();
  const CollectionConfig config = collection.config();
  ImportPointsReport report;
  progress.Start("import", source.total());
  std::uint64_t told = 0;
  std::vector<Point> points = TRY(source.Next());
  while (!points.empty()) {
    TRY(cancellation.Check());
    for (const Point& point : points) TRY(CheckPoint(config, point));
    const std::uint64_t done = source.done();
    std::vector<Point> next = TRY(source.Next());
    const std::uint64_t count = points.size();
    // The last one's sync is that of all before it.
    const Durability durability = next.empty() ? Durability::kSync : Durability::kLog;
    const std::string which =
        "points " + points.front().id.ToString() + " to " + points.back().id.ToString() + ": ";
    UpsertPoints upsert;
    upsert.points = std::exchange(points, std::move(next));
    const Operation operation = std::move(upsert);
    const Result<std::uint64_t> written = collection.Write(operation, durability);
    if (!written.ok()) return Error{written.error().code, which + written.error().message};
    report.points += count;
    progress.Advance(done - told);
    told = done;
  }
  report.seconds = WallSeconds() - start_seconds;
  return report;
}

Result<CollectionConfig> ConfigFor(const PointShape& shape, const std::optional<Metric>& metric) {
  if (shape.dims.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "the points have no vectors to make a collection for: create it first"};
  }
  if (metric && shape.metric && *metric != *shape.metric) {
    return Error{ErrorCode::kInvalidArgument, "the index is for " +
                                                  std::string(MetricName(*shape.metric)) +
                                                  ", not for " + std::string(MetricName(*metric))};
  }
  CollectionConfig config;
  for (const auto& [name, dim] : shape.dims) {
    config.vectors[name].size = dim;
    config.vectors[name].metric = metric.value_or(shape.metric.value_or(Metric::kCosine));
  }
  return config;
}

}  // namespace kith
