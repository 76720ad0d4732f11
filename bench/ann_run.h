// A run: several rivals on one data set, in turns, in one process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/curve.h"
#include "bench/data_set.h"
#include "bench/index_cache.h"
#include "bench/measure.h"
#include "bench/rival.h"
#include "core/result.h"

namespace kith {

struct RunParams {
  std::vector<std::string> rivals;
  std::vector<std::string> load_only;  // the same, but only loading is tried
  RivalOptions options;
  std::vector<std::uint32_t> efs;
  std::size_t k = 10;
  double seconds = 3;  // CPU time of each measurement, at least
  std::size_t repeats = 3;
  std::vector<std::size_t> build_threads = {1};  // the first one's index is searched
  std::vector<std::string> rebuild;              // rivals whose cached index is not to be used
  int processor = -1;                            // negative: the one the process runs on
  bool load_trials = true;
};

struct RivalReport {
  std::string name, parameters;
  bool batched = false;
  bool from_cache = false;         // built in an earlier run
  std::vector<BuildTrial> builds;  // one a thread count
  std::optional<bool> same_bytes;  // of the files built with each thread count
  std::optional<LoadTrial> load_warm, load_cold;
  std::vector<CurvePoint> curve;  // by setting
};

// "hnswlib", "faiss-hnsw", "faiss-ivfpq", "kith", "kith:CODEC", "kith:mapped",
// "kith:CODEC:mapped".  Errors: kInvalidArgument with the list of names.
Result<std::unique_ptr<Rival>> NewRival(const std::string& spec, RivalOptions options);

// Builds what is not cached, then measures: every rival at one setting, then the next setting;
// the whole sweep `repeats` times; each figure is the median.
Result<std::vector<RivalReport>> RunRivals(const RunParams& params, const DataSet& data,
                                           const IndexCache& cache);

// The sweep alone, for rivals that are loaded.  rivals[i] is measured at settings[i].
Result<std::vector<std::vector<CurvePoint>>> Sweep(
    const std::vector<Rival*>& rivals, const std::vector<std::vector<Setting>>& settings,
    const DataSet& data, std::size_t k, double seconds, std::size_t repeats);

}  // namespace kith
