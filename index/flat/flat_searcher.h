// The scan of a flat index.
#pragma once

#include <cstdint>
#include <memory>

#include "core/data_type.h"
#include "core/distance.h"
#include "index/vector_index.h"

namespace kith {

// What is scanned.  Borrows; the rows must outlive the searchers.
struct FlatRows {
  VectorRows rows;
  Metric metric = Metric::kL2;
  double length_max = 0;  // no row is longer
};

std::unique_ptr<Searcher> NewFlatSearcher(const FlatRows& rows);

}  // namespace kith
