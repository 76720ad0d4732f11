// ann_bench: kith and its rivals on one data set, in one process, on one thread.
//
// bench/README.md says how to read what it prints; bench/run calls it for every data set.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/ann_run.h"
#include "bench/report.h"
#include "bench/walk_only.h"
#include "core/file.h"

namespace kith {
namespace {

struct Options {
  DataSetParams data;
  RunParams run;
  std::string metric = "l2";
  std::string cache_folder = "bench/results/cache";
  std::string json_path, walk_only_path;
  bool skip_drift = false, skip_load = false;
};

void Declare(CLI::App& app, Options& options) {
  RunParams& run = options.run;
  run.rivals = {"kith", "hnswlib", "faiss-hnsw", "faiss-ivfpq"};
  run.efs = {10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};
  app.add_option("--base", options.data.base_path, "base vectors")->required();
  app.add_option("--queries", options.data.query_path, "query vectors")->required();
  app.add_option("--ground-truth", options.data.truth_path, "true neighbours, row numbers")
      ->required();
  app.add_option("--metric", options.metric, "l2, ip or cosine")->capture_default_str();
  app.add_option("--queries-max", options.data.queries_max, "use the first N queries; 0: all");
  app.add_option("--rivals", run.rivals, "who is measured, in this order")->delimiter(',');
  app.add_option("--load-only", run.load_only, "rivals that are loaded, timed and left at that")
      ->delimiter(',');
  app.add_option("--ef", run.efs, "pool sizes of the graphs")->delimiter(',');
  app.add_option("--k", run.k, "answers a query; recall is recall@k")->capture_default_str();
  app.add_option("--seconds", run.seconds, "CPU time of each measurement")->capture_default_str();
  app.add_option("--repeat", run.repeats, "rounds; the median counts")->capture_default_str();
  app.add_option("--build-threads", run.build_threads,
                 "kith builds once with each; the files are compared byte by byte")
      ->delimiter(',');
  app.add_option("--m", run.options.m, "links a node")->capture_default_str();
  app.add_option("--ef-construction", run.options.ef_construction)->capture_default_str();
  app.add_option("--ivf-lists", run.options.ivf_lists, "of faiss-ivfpq; 0: by the row count");
  app.add_option("--rerank", run.options.rerank, "kith's candidates compared exactly; 0: auto");
  app.add_option("--cache", options.cache_folder, "folder of rivals' indexes")
      ->capture_default_str();
  app.add_option("--rebuild", run.rebuild, "rivals whose cached index is made anew")
      ->delimiter(',');
  app.add_option("--processor", run.processor, "the one to run on; -1: any one");
  app.add_flag("--no-load-trials", options.skip_load, "leave out load time and memory");
  app.add_option("--json", options.json_path, "file for the whole result");
  app.add_option("--walk-only", options.walk_only_path,
                 "measure this kith index against hnswlib's cached curve, and nothing else");
  app.add_flag("--no-drift", options.skip_drift, "of --walk-only: trust the cached curve as it is");
}

Status CheckLimits(const Options& options) {
  const RunParams& run = options.run;
  if (run.efs.empty() || run.rivals.empty() || run.build_threads.empty() || run.repeats == 0 ||
      run.k == 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "expected at least one rival, ef, build thread, round and answer"};
  }
  for (const std::uint32_t ef : run.efs) {
    if (ef < run.k) {
      return Error{
          ErrorCode::kInvalidArgument,
          "--ef " + std::to_string(ef) + ", expected at least k = " + std::to_string(run.k)};
    }
  }
  return {};
}

Status Run(Options options, const std::string& command) {
  options.data.metric = TRY(ParseMetric(options.metric));
  options.run.load_trials = !options.skip_load;
  TRY(CheckLimits(options));
  const IndexCache cache = TRY(IndexCache::Open(options.cache_folder));
  const DataSet data = TRY(LoadDataSet(options.data));
  if (data.truth.cols() < options.run.k) {
    return Error{ErrorCode::kInvalidArgument,
                 options.data.truth_path + " has " + std::to_string(data.truth.cols()) +
                     " neighbours a query, expected at least k = " + std::to_string(options.run.k)};
  }
  if (!options.walk_only_path.empty()) {
    return RunWalkOnly(options.walk_only_path, options.run, data, cache, options.skip_drift);
  }
  const std::vector<RivalReport> reports = TRY(RunRivals(options.run, data, cache));
  std::printf("%s", TextReport(reports, "hnswlib").c_str());
  if (options.json_path.empty()) return {};
  OutputFile file = TRY(OutputFile::Create(options.json_path, OutputFile::IfExists::kReplace));
  TRY(file.Append(JsonReport(options.run, data, command, reports, "hnswlib")));
  return file.Commit();
}

}  // namespace
}  // namespace kith

int main(int argc, char** argv) {
  CLI::App app("Measures kith and its rivals on one data set, one thread, at equal recall.");
  kith::Options options;
  kith::Declare(app, options);
  CLI11_PARSE(app, argc, argv);
  std::string command = "ann_bench";
  for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
  if (const kith::Status status = kith::Run(std::move(options), command); !status.ok()) {
    std::fprintf(stderr, "ann_bench: %s\n", status.error().message.c_str());
    return 1;
  }
  return 0;
}
