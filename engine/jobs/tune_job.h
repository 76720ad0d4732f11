// The curve of recall against speed of an index, and the setting for a recall target: `kith tune`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "index/index_directory.h"
#include "index/vector_index.h"

namespace kith {

inline constexpr std::uint32_t kTuneK = 10;        // the recall is recall@10
inline constexpr std::size_t kTunePointsMax = 64;  // of a curve

struct TuneParams {
  std::string index;
  std::string queries;  // vector file
  // Exact answers: from this file, else computed from the vectors of `base`, else by scanning the
  // rows that the index itself holds.
  std::string ground_truth, base;
  std::vector<double> target_recalls = {0.95};
  std::vector<std::uint32_t> ef_searches;  // points of the curve; empty: 10 to 1024 in 20 steps
  std::uint64_t queries_max = 0;           // only the first so many; 0: all
  double seconds_min = 0.5;                // timed for each point
  LoadMode load = LoadMode::kResident;
  std::size_t threads = 1;  // 0: one per processor
};

struct TunePoint {
  std::uint32_t ef_search = 0;  // 0: exact scan
  std::uint32_t rerank = 0;     // mean
  double recall_at_10 = 0;
  double qps = 0, cpu_us_mean = 0, mean_us = 0, p50_us = 0, p99_us = 0;
  double distances_mean = 0, hops_mean = 0;
};

struct TuneChoice {
  double target_recall = 0;
  std::optional<TunePoint> cheapest;  // smallest ef_search that reaches it here; absent: none does
  TunePoint calibrated;               // what a search with this target_recall does
};

struct TuneReport {
  IndexInfo index;
  std::uint64_t queries = 0;
  std::string truth;  // where the exact answers come from
  std::size_t threads = 0;
  std::vector<TunePoint> curve;     // by ef_search; the default one ends when recall is 1
  std::vector<TuneChoice> choices;  // one a target
};

// Errors: kInvalidArgument for an index of fewer than kTuneK vectors, a target outside (0, 1],
// an ef_search below kTuneK, no queries; otherwise those of RunSearch and ComputeGroundTruth.
Result<TuneReport> TuneIndex(const TuneParams& params, const Cancellation& cancellation,
                             Progress& progress);

}  // namespace kith
