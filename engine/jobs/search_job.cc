#include "engine/jobs/search_job.h"

#include <memory>
#include <utility>
#include <vector>

#include "core/resource_usage.h"
#include "core/thread_pool.h"
#include "engine/jobs/query_set.h"

namespace kith {
namespace {

// The first query on its own, so that what a fresh index costs is seen.  Milliseconds.
Result<double> FirstAnswer(const VectorIndex& index, MatrixView<const float> queries,
                           const SearchParams& params) {
  if (queries.empty()) return 0.0;
  const double start_seconds = WallSeconds();
  const std::unique_ptr<Searcher> searcher = index.NewSearcher();
  std::vector<Neighbor> out(params.k);
  TRY(searcher->Search(queries.row(0), params, out));
  return (WallSeconds() - start_seconds) * 1e3;
}

}  // namespace

Result<SearchJobReport> RunSearch(const SearchJobParams& params, const Cancellation& cancellation,
                                  Progress& progress) {
  SearchJobReport report;
  const double start_seconds = WallSeconds();
  const std::unique_ptr<VectorIndex> index = TRY(OpenIndex(params.index, params.load));
  report.open_ms = (WallSeconds() - start_seconds) * 1e3;
  report.index = index->info();
  const Matrix<float> queries = TRY(ReadQueries(params.queries, params.queries_max,
                                                report.index.dim, "the index " + params.index));
  TRY(CheckK(params.search.k, report.index.rows));
  Matrix<std::int32_t> truth;
  if (!params.ground_truth.empty()) {
    truth = TRY(ReadGroundTruth(params.ground_truth, queries.rows(), params.queries_max != 0,
                                report.index.rows));
  }
  report.first_answer_ms = report.open_ms + TRY(FirstAnswer(*index, queries.view(), params.search));

  ThreadPool pool(params.threads);
  report.threads = pool.threads();
  progress.Start("search", queries.rows());
  report.run = TRY(RunQueries(*index, queries.view(),
                              {.search = params.search, .seconds_min = params.seconds_min}, pool,
                              cancellation, progress));
  report.resident_bytes = ResidentBytes();
  if (!params.ground_truth.empty()) {
    report.recall = MeasureRecall(std::as_const(report.run.answers).view(),
                                  std::as_const(truth).view(), AnswersAreExact(report.index));
  }
  return report;
}

}  // namespace kith
