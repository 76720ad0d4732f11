// The exact index: vectors in rows, searched by scanning them all.
//
// A segment file of kind "flat" with sections "meta" and "rows" (docs/formats.md).  Rows are kept
// in the type they came in (f32, f16, u8, i8); distances are float64 sums of the values.
#pragma once

#include <memory>
#include <string>

#include "core/data_type.h"
#include "index/vector_index.h"
#include "storage/vector_file.h"

namespace kith {

struct FlatBuildParams {
  Metric metric = Metric::kL2;
};

// Streams `input` into the file.  NaN or infinity: kInvalidArgument with the row number.
// Cosine: rows are stored normalised as f32; a zero vector stays zero (distance 1 to all).
Status BuildFlatIndex(const VectorReader& input, const FlatBuildParams& params,
                      const std::string& file_path, const Cancellation& cancellation,
                      Progress& progress);

// Maps the file; nothing is read until searched.
Result<std::unique_ptr<VectorIndex>> OpenFlatIndex(const std::string& file_path);

}  // namespace kith
