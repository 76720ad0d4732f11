// The stopwatch: one thread, one core, CPU time beside wall time.
//
// The machine may be shared, so speed is counted in the thread's CPU time; wall time stands
// beside it and tells how busy the machine was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "bench/data_set.h"
#include "bench/rival.h"
#include "core/result.h"

namespace kith {

// Keeps the calling thread, and threads it starts, on one processor.  A negative one: the
// processor it runs on at the moment.
Status PinToProcessor(int processor);
// Lets them run on every processor.
Status UnpinFromProcessor();

struct Sample {
  std::uint64_t queries = 0;
  double qps = 0;  // by CPU time
  double wall_qps = 0;
  double p50_us = 0, p99_us = 0;  // 0 for batched rivals
};

// Answers every query once: recall is judged on this, and it warms caches up.
Result<Matrix<std::uint32_t>> AnswerAll(Rival& rival, const DataSet& data, std::size_t k);
// Answers a tenth of them, at least 200.
Status WarmUp(Rival& rival, const DataSet& data, std::size_t k);

// Cycles through the queries, whole rounds, until `seconds` of CPU time are used.
Result<Sample> MeasureSpeed(Rival& rival, const DataSet& data, std::size_t k, double seconds);

// What building costs, seen from outside: in a child process, so that memory of earlier work
// neither counts nor is used again.
struct BuildTrial {
  BuildCost cost;
  std::uint64_t peak_bytes = 0;   // growth of resident memory at its highest, base rows left out
  std::uint64_t index_bytes = 0;  // of the file
};
Result<BuildTrial> TryBuild(Rival& rival, const BuildInput& input, const std::string& index_path,
                            int processor);

// What loading costs: in a child process, in the same way.
struct LoadTrial {
  double load_ms = 0;          // wall time of Load
  double first_answer_ms = 0;  // wall time from Load to the first answer
  // Growth of resident memory once every query was answered.
  std::uint64_t private_bytes = 0;  // memory of the process
  std::uint64_t mapped_bytes = 0;   // pages of mapped files, which the system may take back
};
// `cold`: the file's pages are dropped from the page cache first.
Result<LoadTrial> TryLoad(Rival& rival, const DataSet& data, const std::string& index_path,
                          Setting setting, std::size_t k, bool cold);

}  // namespace kith
