// Exact nearest neighbours of a query file: `kith ground-truth`.
#pragma once

#include <cstdint>
#include <string>

#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/file.h"
#include "core/matrix.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "core/top_k.h"
#include "storage/vector_file.h"

namespace kith {

struct GroundTruthParams {
  std::string base, queries;  // vector files
  std::uint32_t k = 100;
  Metric metric = Metric::kL2;
  std::string output;     // row numbers, nearest first, ties to the lower: see AnswerFile
  std::string distances;  // see DistanceFile; empty: not written
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
  std::uint64_t queries_max = 0;  // only the first so many; 0: all
  std::size_t threads = 0;        // 0: one per processor
};

struct GroundTruthReport {
  std::uint64_t base_vectors = 0, queries = 0;
  std::uint32_t dim = 0, k = 0;
  double seconds = 0, cpu_seconds = 0;
  std::size_t threads = 0;
  std::uint64_t peak_resident_bytes = 0;
};

// Streams the base in blocks: memory is the queries and their candidates.  Errors:
// kInvalidArgument for k of 0 or above the number of base vectors, for dims that differ, for NaN
// or infinity (with file and row); those of reading and writing.
Result<GroundTruthReport> ComputeGroundTruth(const GroundTruthParams& params,
                                             const Cancellation& cancellation, Progress& progress);

// The same in memory.  REQUIRES: k > 0 and equal dims.
Result<Matrix<Neighbor>> ExactAnswers(const VectorReader& base, MatrixView<const float> queries,
                                      Metric metric, std::uint32_t k, ThreadPool& pool,
                                      const Cancellation& cancellation, Progress& progress);

}  // namespace kith
