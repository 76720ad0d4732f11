// Runs a set of queries against an index and measures it: the core of `kith search` and
// `kith tune`.
#pragma once

#include <cstdint>

#include "core/cancellation.h"
#include "core/matrix.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "core/top_k.h"
#include "engine/jobs/latency_histogram.h"
#include "index/vector_index.h"

namespace kith {

struct QueryRunParams {
  SearchParams search;
  // 0: the one pass that gives the answers is the one that is timed.  Above 0: that pass warms
  // up, then whole passes are timed until they have taken so long.
  double seconds_min = 0;
};

struct QueryRunReport {
  Matrix<Neighbor> answers;         // of the first pass; short rows end in {infinity, kNoNeighbor}
  std::uint64_t queries_timed = 0;  // each query counts as often as it ran
  double seconds = 0;               // of the timed passes, on the wall
  double cpu_seconds = 0;           // of the timed passes, of the searching threads
  LatencyHistogram latency;         // of the timed passes
  // Means a query of the first pass.
  double hops_mean = 0, distances_mean = 0, reranked_mean = 0;
  std::uint32_t ef_search = 0;  // in effect, the largest; 0 where nothing is walked

  double qps() const;
  double cpu_us_mean() const;
};

// Each thread of the pool has a Searcher of its own and takes 16 queries at a time; the answers
// do not depend on the thread count.  The caller starts the stage of the first pass, whose queries
// are told to `progress`; timed passes are a stage "measure".  Errors: kInvalidArgument for k of 0
// or above the number of vectors in the index; those of Searcher::Search with the number of the
// query; kCancelled.
Result<QueryRunReport> RunQueries(const VectorIndex& index, MatrixView<const float> queries,
                                  const QueryRunParams& params, ThreadPool& pool,
                                  const Cancellation& cancellation, Progress& progress);

// The check of k above.  The interface of indexes allows a larger k; a person who asks for more
// than there is has mixed up files.
Status CheckK(std::uint32_t k, std::uint64_t rows);

}  // namespace kith
