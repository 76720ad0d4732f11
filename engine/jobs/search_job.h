// A file of queries against an index, measured: `kith search`.
#pragma once

#include <cstdint>
#include <string>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "engine/jobs/query_runner.h"
#include "engine/jobs/recall.h"
#include "index/index_directory.h"
#include "index/vector_index.h"

namespace kith {

struct SearchJobParams {
  std::string index;
  std::string queries;            // vector file
  std::string ground_truth;       // vector file of i32; empty: no recall
  std::uint64_t queries_max = 0;  // only the first so many; 0: all
  SearchParams search;
  double seconds_min = 0;  // see QueryRunParams
  LoadMode load = LoadMode::kResident;
  std::size_t threads = 1;  // 0: one per processor
};

struct SearchJobReport {
  IndexInfo index;
  QueryRunReport run;
  RecallReport recall;  // empty without ground truth
  std::size_t threads = 0;
  double open_ms = 0;                // to open the index
  double first_answer_ms = 0;        // open_ms and the first query
  std::uint64_t resident_bytes = 0;  // of the process, after the search
};

// Errors: kInvalidArgument for k above the number of vectors, queries of another dim, a ground
// truth of other queries; otherwise those of opening, reading and searching.
Result<SearchJobReport> RunSearch(const SearchJobParams& params, const Cancellation& cancellation,
                                  Progress& progress);

}  // namespace kith
