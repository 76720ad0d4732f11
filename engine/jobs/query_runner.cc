#include "engine/jobs/query_runner.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/resource_usage.h"

namespace kith {
namespace {

constexpr std::size_t kGrain = 16;  // queries; small, so that threads end together

// What one thread gathers; on cache lines of its own.
struct alignas(128) Worker {
  std::unique_ptr<Searcher> searcher;
  LatencyHistogram latency;
  double cpu_seconds = 0;
  std::uint64_t hops = 0, distances = 0, reranked = 0;
  std::uint32_t ef_search = 0;
};

class Runner {
 public:
  Runner(const VectorIndex& index, MatrixView<const float> queries, const SearchParams& params,
         ThreadPool& pool, const Cancellation& cancellation)
      : queries_(queries),
        params_(params),
        pool_(pool),
        cancellation_(cancellation),
        workers_(pool.threads()) {
    for (Worker& worker : workers_) worker.searcher = index.NewSearcher();
  }

  // Answers every query into `answers`, a row each.
  Status Pass(MatrixView<Neighbor> answers, Progress& progress) {
    return pool_.TryParallelFor(queries_.rows(), kGrain, cancellation_,
                                [&](std::size_t begin, std::size_t end, std::size_t w) -> Status {
                                  Worker& worker = workers_[w];
                                  const double start_cpu_seconds = ThreadCpuSeconds();
                                  double before = WallSeconds();
                                  for (std::size_t q = begin; q < end; ++q) {
                                    TRY(SearchOne(worker, q, answers.row(q)));
                                    const double after = WallSeconds();
                                    worker.latency.Record((after - before) * 1e6);
                                    before = after;
                                  }
                                  worker.cpu_seconds += ThreadCpuSeconds() - start_cpu_seconds;
                                  progress.Advance(end - begin);
                                  return {};
                                });
  }

  const std::vector<Worker>& workers() const { return workers_; }

  void ResetTimes() {
    for (Worker& worker : workers_) {
      worker.latency = LatencyHistogram();
      worker.cpu_seconds = 0;
    }
  }

 private:
  Status SearchOne(Worker& worker, std::size_t q, std::span<Neighbor> out) {
    const Result<std::size_t> found = worker.searcher->Search(queries_.row(q), params_, out);
    if (!found.ok()) {
      return Error{found.error().code, "query " + std::to_string(q) + ": " + found.error().message};
    }
    std::ranges::fill(out.subspan(found.value()), Neighbor{.id = kNoNeighbor});
    const SearchStats& stats = worker.searcher->stats();
    worker.hops += stats.hops;
    worker.distances += stats.distances;
    worker.reranked += stats.reranked;
    worker.ef_search = std::max(worker.ef_search, stats.ef_search);
    return {};
  }

  MatrixView<const float> queries_;
  const SearchParams params_;
  ThreadPool& pool_;
  const Cancellation& cancellation_;
  std::vector<Worker> workers_;
};

void AddWork(const std::vector<Worker>& workers, std::size_t queries, QueryRunReport& report) {
  const double scale = 1.0 / static_cast<double>(std::max<std::size_t>(1, queries));
  for (const Worker& worker : workers) {
    report.hops_mean += static_cast<double>(worker.hops) * scale;
    report.distances_mean += static_cast<double>(worker.distances) * scale;
    report.reranked_mean += static_cast<double>(worker.reranked) * scale;
    report.ef_search = std::max(report.ef_search, worker.ef_search);
  }
}

}  // namespace

double QueryRunReport::qps() const {
  return static_cast<double>(queries_timed) / std::max(seconds, 1e-9);
}

double QueryRunReport::cpu_us_mean() const {
  return cpu_seconds * 1e6 / static_cast<double>(std::max<std::uint64_t>(1, queries_timed));
}

Status CheckK(std::uint32_t k, std::uint64_t rows) {
  if (k >= 1 && k <= std::min<std::uint64_t>(rows, kSearchKMax)) return {};
  return Error{ErrorCode::kInvalidArgument,
               rows == 0 ? "there are no vectors to find: the index is empty"
                         : "k is " + std::to_string(k) + ": expected 1 to " +
                               std::to_string(std::min<std::uint64_t>(rows, kSearchKMax)) +
                               ", since there are " + std::to_string(rows) + " vectors"};
}

Result<QueryRunReport> RunQueries(const VectorIndex& index, MatrixView<const float> queries,
                                  const QueryRunParams& params, ThreadPool& pool,
                                  const Cancellation& cancellation, Progress& progress) {
  TRY(CheckK(params.search.k, index.info().rows));
  Runner runner(index, queries, params.search, pool, cancellation);
  QueryRunReport report;
  report.answers = Matrix<Neighbor>(queries.rows(), params.search.k);

  double start_seconds = WallSeconds();
  TRY(runner.Pass(report.answers.view(), progress));
  report.seconds = WallSeconds() - start_seconds;
  report.queries_timed = queries.rows();
  AddWork(runner.workers(), queries.rows(), report);

  if (params.seconds_min > 0 && !queries.empty()) {
    runner.ResetTimes();
    report.queries_timed = 0;
    Matrix<Neighbor> repeated(queries.rows(), params.search.k);
    progress.Start("measure", 0);
    start_seconds = WallSeconds();
    do {
      TRY(runner.Pass(repeated.view(), Progress::None()));
      report.queries_timed += queries.rows();
      report.seconds = WallSeconds() - start_seconds;
    } while (report.seconds < params.seconds_min);
  }
  for (const Worker& worker : runner.workers()) {
    report.latency.Add(worker.latency);
    report.cpu_seconds += worker.cpu_seconds;
  }
  return report;
}

}  // namespace kith
