#include "engine/collection/import_points.h"

#include <string>
#include <utility>

#include "core/resource_usage.h"

namespace kith {

Result<ImportPointsReport> ImportPoints(Collection& collection, PointSource& source,
                                        const Cancellation& cancellation, Progress& progress) {
  const double start_seconds = WallSeconds();
  ImportPointsReport report;
  progress.Start("import", source.total());
  std::uint64_t told = 0;
  UpsertPoints upsert;
  upsert.points = TRY(source.Next());
  while (!upsert.points.empty()) {
    TRY(cancellation.Check());
    const std::uint64_t done = source.done();
    std::vector<Point> next = TRY(source.Next());
    const std::uint64_t count = upsert.points.size();
    // The last one's sync is that of all before it.
    const Durability durability = next.empty() ? Durability::kSync : Durability::kLog;
    const Operation operation = std::move(upsert);
    TRY(collection.Write(operation, durability));
    report.points += count;
    progress.Advance(done - told);
    told = done;
    upsert.points = std::move(next);
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
