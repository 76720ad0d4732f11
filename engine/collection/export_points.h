// The points of a collection as files that can be imported again (engine/collection/point_source.h)
// or read with NumPy.
//
//   JSON lines   one file, a point a line (engine/collection/point_json.h), by ascending id
//   folder       for the unnamed vector "vectors.npy" "ids.txt" "payloads.jsonl", for a vector NAME
//                "vectors.NAME.npy" "ids.NAME.txt" "payloads.NAME.jsonl"; line n belongs to row n;
//                points without that vector are not in them.  Bytes of NAME that are none of
//                letters, digits, '_' and '-' are written %XX; a name of more than 80 bytes that
//                way is "field-N" instead, N being its number in the collection.
//
// Vectors are as the collection holds them: those of a cosine one are normalised.  Read page by
// page, so that a point which is written meanwhile may be there as it was before or after.
//
// Errors: kAlreadyExists, kCancelled, and what reading and writing give.
#pragma once

#include <cstdint>
#include <string>

#include "core/cancellation.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/result.h"
#include "engine/collection/collection.h"

namespace kith {

struct ExportPointsParams {
  std::string output;
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
};

struct ExportPointsReport {
  std::uint64_t points = 0, vectors = 0;
  double seconds = 0;
};

// Both appear complete or not at all.
Result<ExportPointsReport> ExportJsonLines(const Collection& collection,
                                           const ExportPointsParams& params,
                                           const Cancellation& cancellation, Progress& progress);
Result<ExportPointsReport> ExportFolder(const Collection& collection,
                                        const ExportPointsParams& params,
                                        const Cancellation& cancellation, Progress& progress);

}  // namespace kith
