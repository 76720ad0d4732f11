// Points from a source into a collection.
//
// Written in batches; each is an upsert, so an import that was cut off may simply be repeated.
#pragma once

#include <cstdint>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "engine/collection/collection.h"
#include "engine/collection/point_source.h"

namespace kith {

struct ImportPointsReport {
  std::uint64_t points = 0;
  double seconds = 0;
};

// All of it is on disk when it returns; after kCancelled and other errors, whole batches are there.
// Errors: those of Collection::Write and PointSource.
Result<ImportPointsReport> ImportPoints(Collection& collection, PointSource& source,
                                        const Cancellation& cancellation, Progress& progress);

// The configuration for the points, with the metric of the source where it has one.  Errors:
// kInvalidArgument (a source without vectors; another metric).
Result<CollectionConfig> ConfigFor(const PointShape& shape, const std::optional<Metric>& metric);

}  // namespace kith
