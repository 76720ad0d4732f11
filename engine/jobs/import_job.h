// An index file of another library into an index directory: `kith import`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/result.h"
#include "engine/jobs/build_job.h"
#include "index/hnsw/hnsw_index.h"

namespace kith {

enum class ForeignFormat { kAuto, kHnswlib, kFaiss };

Result<ForeignFormat> ParseForeignFormat(std::string_view name);  // "auto", "hnswlib", "faiss"

// Beside the index, one decimal id a line, line i being row i; only where ids are not row numbers.
inline constexpr const char* kImportedIdsName = "ids.txt";

struct ImportParams {
  std::string input;   // a file that index/foreign/foreign_index.h reads
  std::string output;  // index directory; appears complete or not at all
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
  ForeignFormat format = ForeignFormat::kAuto;  // anything but kAuto is checked
  // Absent: as the file says, which hnswlib's do not.
  std::optional<Metric> metric;
  // Absent: hnsw for a file with a graph, flat for one without.
  std::optional<IndexKind> index;
  // Codec, exact rows, seed, calibration, memory limit; m and ef_construction where a graph is
  // built.  `metric` is not looked at.
  HnswBuildParams hnsw;
  std::size_t threads = 0;  // 0: one per processor
};

struct ImportReport {
  std::string format;  // "hnswlib", "faiss IndexHNSWFlat", ...
  IndexKind index = IndexKind::kHnsw;
  Metric metric = Metric::kL2;
  bool graph_kept = false;  // the file's own graph is walked
  std::uint64_t vectors = 0;
  std::uint32_t dim = 0;
  std::uint64_t deleted = 0;  // rows of the file that were marked deleted and left out
  bool ids_written = false;   // answers are positions in kImportedIdsName
  std::string codec, exact;
  std::uint64_t index_bytes = 0;
  double seconds = 0, cpu_seconds = 0;
  std::uint64_t peak_resident_bytes = 0;
};

// Rows are ordered by their id in the file, so that an answer is the file's own id wherever the
// ids are 0 to n - 1; otherwise it is a position in that order, and kImportedIdsName translates.
// The file's graph is kept when an hnsw index is wanted and no row was deleted; else one is built.
// Errors: kInvalidArgument (another format than said, a metric that is missing or contradicts the
// file), those of ReadForeignIndex, of building and of writing.
Result<ImportReport> ImportIndex(const ImportParams& params, const Cancellation& cancellation,
                                 Progress& progress);

}  // namespace kith
