// A vector file into an index directory: `kith build`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/result.h"
#include "index/hnsw/hnsw_index.h"
#include "index/vector_index.h"

namespace kith {

enum class IndexKind { kHnsw, kFlat };

std::string_view IndexKindName(IndexKind kind);  // "hnsw", "flat"
// kUnsupported for "spann", which this version does not build; kInvalidArgument lists the names.
Result<IndexKind> ParseIndexKind(std::string_view name);

struct BuildParams {
  std::string input;   // vector file
  std::string output;  // directory; appears complete or not at all
  // kReplace replaces an index or an empty folder, nothing else.
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
  IndexKind index = IndexKind::kHnsw;
  HnswBuildParams hnsw;     // of a flat index only the metric counts
  std::size_t threads = 0;  // 0: one per processor
};

struct BuildReport {
  std::uint64_t vectors = 0;
  std::uint32_t dim = 0;
  double seconds = 0, cpu_seconds = 0;
  double vectors_per_s = 0;
  std::uint64_t index_bytes = 0;          // of the index file
  std::uint64_t peak_resident_bytes = 0;  // of the process
  std::size_t threads = 0;
  std::string codec, exact;  // as chosen; exact empty for a flat index
  std::vector<CalibrationPoint> calibration;
};

// Errors: those of the builders, of reading and of writing.
Result<BuildReport> BuildIndex(const BuildParams& params, const Cancellation& cancellation,
                               Progress& progress);

}  // namespace kith
