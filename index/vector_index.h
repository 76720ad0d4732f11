// What every index can do, whatever its structure.
//
// An index is immutable once built or opened and may be searched by many threads; each thread
// uses a Searcher of its own, which holds all scratch memory, so that a search allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/matrix.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "core/top_k.h"
#include "index/search_filter.h"

namespace kith {

inline constexpr std::uint32_t kIndexRowsMax = 0x7fffffff;
inline constexpr std::uint32_t kIndexDimMax = 4096;
inline constexpr std::uint32_t kSearchKMax = 16384;
inline constexpr std::uint32_t kEfSearchMax = 65536;

struct SearchParams {
  std::uint32_t k = 10;
  // Pool size of a graph walk; 0: from target_recall.  REQUIRES: 0 or >= k.
  std::uint32_t ef_search = 0;
  // Candidates of the walk whose distance is computed exactly; 0: chosen by the index.
  std::uint32_t rerank = 0;
  // Looked up in the index's calibration when ef_search is 0; in (0, 1].
  double target_recall = 0.95;
  bool exact = false;  // scan everything
  // As many answers as k and the filter's matches allow, whatever the plan.  Null: all positions.
  const SearchFilter* filter = nullptr;
};

// Work of one search, for explanations and benchmarks.
struct SearchStats {
  std::uint64_t hops = 0;       // rows expanded
  std::uint64_t distances = 0;  // codes compared
  std::uint64_t reranked = 0;   // exact distances
  std::uint32_t ef_search = 0;  // in effect
};

// What `kith info` shows.
struct IndexInfo {
  std::string kind;  // "flat", "hnsw"
  std::uint64_t rows = 0;
  std::uint32_t dim = 0;
  Metric metric = Metric::kL2;
  std::string codec;  // what is walked: "sq4", ...
  std::string exact;  // what re-ranks: "u8", "f32", ...
  std::uint64_t file_bytes = 0;
  std::uint64_t resident_bytes = 0;  // pinned in memory by this index, mapped files left out
  std::vector<std::pair<std::string, std::string>> details;  // parameters, by name
};

// One point of a calibration: held-out recall at a setting.
struct CalibrationPoint {
  std::uint32_t k = 10;
  std::uint32_t ef_search = 0;
  double recall = 0;     // recall@k against exact answers
  double distances = 0;  // mean per query, a cost that does not depend on the machine
};

// Searches with scratch memory of its own.  Thread-compatible; must not outlive the index.
class Searcher {
 public:
  virtual ~Searcher() = default;
  // Fills `out` with the min(k, rows) nearest, nearest first, ties to the lower id; returns how
  // many.  Ids are row numbers of the file the index was built from.
  // Errors: kInvalidArgument (query of another dim, NaN or infinity in it, k of 0 or above
  // kSearchKMax, 0 < ef_search < k, target_recall outside (0, 1]; out shorter than k).
  virtual Result<std::size_t> Search(std::span<const float> query, const SearchParams& params,
                                     std::span<Neighbor> out) = 0;
  // Of the last search.
  virtual const SearchStats& stats() const = 0;
};

class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  virtual IndexInfo info() const = 0;
  virtual std::unique_ptr<Searcher> NewSearcher() const = 0;
  virtual std::vector<CalibrationPoint> calibration() const { return {}; }
  // The id of each position; empty: the position is the id.  Lasts as long as the index.
  virtual std::span<const std::uint32_t> ids() const = 0;
  // The vector at a position, as exactly as the index holds it.  REQUIRES: position < rows,
  // vector.size() == dim.
  virtual void VectorAt(std::uint32_t position, std::span<float> vector) const = 0;
  // Compares every checksum and re-checks the structure (every link in range, every vector
  // reachable).
  virtual Status Verify(const Cancellation& cancellation, Progress& progress) const = 0;
};

inline constexpr std::uint32_t kNoNeighbor = 0xffffffff;

// kInvalidArgument when a value is NaN or infinite: "WHAT has NaN in dimension 3", where `what` is
// "row 17" or the like.
Status CheckFinite(std::span<const float> vector, const std::string& what);

// The argument checks of Searcher::Search, the same for every index.  `dim` is the index's.
Status ValidateSearch(std::span<const float> query, std::size_t dim, const SearchParams& params,
                      std::span<const Neighbor> out);

// All queries, `k` columns each; rows with fewer answers end in {infinity, kNoNeighbor}.
// Queries are spread over the pool; the answers do not depend on the thread count.
// Errors: those of Search, with the number of the first query concerned; kCancelled.
Result<Matrix<Neighbor>> SearchBatch(const VectorIndex& index, MatrixView<const float> queries,
                                     const SearchParams& params, ThreadPool& pool,
                                     const Cancellation& cancellation = Cancellation::Never());

}  // namespace kith
