// What a path holds, and whether it is intact: `kith info` and `kith verify`.
//
// A path is an index directory, a segment file (an index.kith, a text encoder: anything that
// begins with the magic of storage/segment_file.h) or a vector file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "index/vector_index.h"
#include "storage/segment_file.h"
#include "storage/vector_file.h"

namespace kith {

enum class PathKind { kIndex, kSegmentFile, kVectorFile };

std::string_view PathKindName(PathKind kind);  // "index", "segment file", "vector file"

struct InspectReport {
  PathKind kind = PathKind::kVectorFile;
  std::uint64_t file_bytes = 0;
  // Indexes only.
  std::optional<IndexInfo> index;
  std::vector<CalibrationPoint> calibration;
  // Indexes and segment files: the container's kind and sections.
  std::string segment_kind;
  std::vector<SegmentSection> sections;
  // Segment files of a kind that says more: facts by name.
  std::vector<std::pair<std::string, std::string>> details;
  // Vector files only.
  std::optional<VectorFileInfo> vectors;
};

// Reads headers only, so it is quick for any size (of a text encoder everything, a few MB). Errors:
// kNotFound, and what opening gives.
Result<InspectReport> InspectPath(const std::string& path);

struct VerifyReport {
  PathKind kind = PathKind::kVectorFile;
  std::uint64_t bytes_checked = 0;
  std::uint64_t rows_checked = 0;  // indexes and vector files
  double seconds = 0;
};

// Reads everything: every checksum and the structure of an index, every checksum of a segment
// file (and what a text encoder says), every row of a vector file (each of the right dim, no NaN or
// infinity). The first fault is the error: kCorruption for whatever a file holds that it should
// not.
Result<VerifyReport> VerifyPath(const std::string& path, const Cancellation& cancellation,
                                Progress& progress);

}  // namespace kith
