// The exact index: vectors in rows, searched by scanning them all.
//
// A segment file (storage/segment_file.h) of kind "flat":
//
//   section "meta"   u32 version = 1 | u8 metric | u8 type | u16 zero | u32 dim | u32 zero |
//                    u64 rows | f64 length_max                                  (32 bytes)
//   section "rows"   rows * dim elements of `type`, back to back
//
// `metric` and `type` are the values of core/data_type.h; length_max is the length of the longest
// row, or a little more.  Rows are kept in the type they came in (f32, f16, u8, i8), for cosine
// normalised as f32 (a zero vector stays zero: its distance to all is 1).
//
// Distances are float64 sums of the stored values (core/distance64.h), for cosine
// 1 - query row / |query|; ties go to the lower row.  A scan computes them in f32 first and again
// in float64 where the f32 value does not prove that the row is too far.
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

// Streams `input` into the file, 8 MiB at a time.
// Errors: kInvalidArgument (type i32, dim above kIndexDimMax, rows above kIndexRowsMax; NaN or
// infinity: message has the row number), kAlreadyExists, kCancelled, and whatever reading and
// writing give.
Status BuildFlatIndex(const VectorReader& input, const FlatBuildParams& params,
                      const std::string& file_path, const Cancellation& cancellation,
                      Progress& progress);

// Maps the file; nothing but "meta" is read until searched.  Errors: those of SegmentReader,
// kUnsupported (a newer version), kCorruption ("meta" and "rows" do not fit each other).
Result<std::unique_ptr<VectorIndex>> OpenFlatIndex(const std::string& file_path);

}  // namespace kith
