// HNSW (Malkov and Yashunin: "Efficient and robust approximate nearest neighbor search using
// Hierarchical Navigable Small World graphs", TPAMI 2020): a graph walked over small codes,
// its best candidates compared again exactly.
//
// A segment file of kind "hnsw" (docs/formats.md).  Building holds everything in memory; the
// finished index keeps links and codes resident and maps the exact rows.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/progress.h"
#include "core/thread_pool.h"
#include "index/codec/codec_kind.h"
#include "index/index_directory.h"
#include "index/vector_index.h"
#include "storage/vector_file.h"

namespace kith {

struct HnswBuildParams {
  Metric metric = Metric::kL2;
  std::uint32_t m = 16;                 // links a node on upper levels; 2 m on level 0
  std::uint32_t ef_construction = 200;  // pool of the walk that finds a node's candidates
  bool keep_pruned = false;             // fill a list with the nearest of the pruned
  CodecKind codec = CodecKind::kAuto;
  ExactKind exact = ExactKind::kAuto;  // auto: u8 where that loses nothing, else f32
  std::uint64_t seed = 42;
  std::uint32_t calibration_queries = 1000;  // held-out rows; 0: no calibration
  std::uint64_t memory_bytes_max = 0;        // refuse to start above it; 0: no limit
  // What searches return for each row, none twice; empty: the row number.  Borrowed.
  std::span<const std::uint32_t> ids = {};
};

struct HnswBuildReport {
  std::uint64_t rows = 0;
  std::uint32_t dim = 0;
  std::string codec, exact;
  std::uint64_t file_bytes = 0;
  std::vector<CalibrationPoint> calibration;
};

// Builds from every row of `input` and writes `file_path`.  The same input, parameters and seed
// give the same bytes for any number of threads.
// Errors: kInvalidArgument (m outside 2..128, ef_construction outside 1..4096, dim above
// kIndexDimMax, rows above kIndexRowsMax, a NaN or infinite value: message has the row number,
// a zero vector for cosine), kResourceExhausted (memory_bytes_max), kCancelled, kAlreadyExists
// and whatever reading and writing give.
Result<HnswBuildReport> BuildHnswIndex(const VectorReader& input, const HnswBuildParams& params,
                                       const std::string& file_path, ThreadPool& pool,
                                       const Cancellation& cancellation, Progress& progress);

// A graph that another library built.  Node i is row i of `rows`.
struct ImportedGraph {
  Matrix<float> rows;
  std::vector<std::uint32_t> levels;  // top level of each node
  // links[l] for level l: one list a node, empty for nodes below that level.
  std::vector<std::vector<std::vector<std::uint32_t>>> links;
  std::vector<std::uint32_t> ids;  // caller's id of each node
  std::uint32_t entry_point = 0;
  std::uint32_t m = 16;
};

// Writes an index that walks exactly that graph (codec, exact rows and calibration as in a
// build).  Errors: kInvalidArgument for links out of range or longer than 2 m (level 0) or m.
Result<HnswBuildReport> ImportHnswIndex(ImportedGraph graph, const HnswBuildParams& params,
                                        const std::string& file_path, ThreadPool& pool,
                                        const Cancellation& cancellation, Progress& progress);

Result<std::unique_ptr<VectorIndex>> OpenHnswIndex(const std::string& file_path, LoadMode mode);

}  // namespace kith
