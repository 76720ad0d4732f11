// The curve is measured at a ladder of ef_search values.  The setting for a target lies between
// two of them: bisection of that step finds the smallest ef_search that reaches the target, about
// seven more passes over the queries.  Recall is not quite monotone in ef_search, so "smallest"
// holds along the bisection's path.
#include "engine/jobs/tune_job.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <memory>
#include <utility>

#include "core/thread_pool.h"
#include "engine/jobs/ground_truth_job.h"
#include "engine/jobs/query_runner.h"
#include "engine/jobs/query_set.h"
#include "engine/jobs/recall.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

constexpr std::array<std::uint32_t, 20> kLadder = {
    10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024};

Error Invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

Status CheckParams(const TuneParams& params) {
  for (const double target : params.target_recalls) {
    if (target > 0 && target <= 1) continue;
    return Invalid("target recall is " + std::to_string(target) + ": expected above 0, at most 1");
  }
  if (params.ef_searches.size() > kTunePointsMax) {
    return Invalid(std::to_string(params.ef_searches.size()) + " points asked for: at most " +
                   std::to_string(kTunePointsMax));
  }
  for (const std::uint32_t ef_search : params.ef_searches) {
    if (ef_search >= kTuneK && ef_search <= kEfSearchMax) continue;
    return Invalid("ef_search is " + std::to_string(ef_search) + ": expected " +
                   std::to_string(kTuneK) + " (the k of the recall) to " +
                   std::to_string(kEfSearchMax));
  }
  return {};
}

class Tuner {
 public:
  Tuner(const TuneParams& params, const VectorIndex& index, MatrixView<const float> queries,
        ThreadPool& pool, const Cancellation& cancellation, Progress& progress)
      : params_(params),
        index_(index),
        info_(index.info()),
        queries_(queries),
        pool_(pool),
        cancellation_(cancellation),
        progress_(progress) {}

  // Fills the truth; returns where it comes from.
  Result<std::string> ReadTruth() {
    if (!params_.ground_truth.empty()) {
      truth_ = TRY(ReadGroundTruth(params_.ground_truth, queries_.rows(), params_.queries_max != 0,
                                   info_.rows));
      if (truth_.cols() < kTuneK) {
        return Invalid(params_.ground_truth + " lists " + std::to_string(truth_.cols()) +
                       " neighbours a query: expected at least " + std::to_string(kTuneK));
      }
      queries_ = queries_.rows(0, std::min(queries_.rows(), truth_.rows()));
      return params_.ground_truth;
    }
    if (!params_.base.empty()) {
      TRY(ComputeTruth());
      return params_.base;
    }
    progress_.Start("exact search", queries_.rows());
    const QueryRunReport run =
        TRY(RunQueries(index_, queries_, {.search = {.k = kTuneK, .exact = true}}, pool_,
                       cancellation_, progress_));
    truth_ = IdsOf(run.answers.view());
    return std::string("exact scan of the index");
  }

  std::uint64_t queries() const { return queries_.rows(); }

  Result<std::vector<TunePoint>> Curve() {
    std::vector<std::uint32_t> steps = params_.ef_searches;
    const bool ladder = steps.empty();
    if (ladder) steps.assign(kLadder.begin(), kLadder.end());
    if (info_.kind == "flat") steps = {0};
    std::ranges::sort(steps);
    // clang 14 does not compile std::ranges::unique of GCC 12's library.
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    progress_.Start("measure", steps.size());
    std::vector<TunePoint> curve;
    for (const std::uint32_t ef_search : steps) {
      curve.push_back(TRY(MeasureAt(ef_search, params_.seconds_min)));
      progress_.Advance(1);
      if (ladder && (curve.back().recall_at_10 >= 1 || ef_search >= info_.rows)) break;
    }
    return curve;
  }

  Result<TuneChoice> Choose(double target, const std::vector<TunePoint>& curve) {
    TuneChoice choice;
    choice.target_recall = target;
    choice.calibrated = TRY(Measure({.k = kTuneK, .target_recall = target}, params_.seconds_min));
    const auto reached = std::ranges::find_if(
        curve, [&](const TunePoint& point) { return point.recall_at_10 >= target; });
    if (reached == curve.end()) return choice;
    choice.cheapest = *reached;
    if (reached == curve.begin()) return choice;
    std::uint32_t below = std::prev(reached)->ef_search, enough = reached->ef_search;
    while (enough - below > 1) {
      const std::uint32_t middle = below + (enough - below) / 2;
      const TunePoint point = TRY(MeasureAt(middle, 0));
      (point.recall_at_10 >= target ? enough : below) = middle;
    }
    if (enough != reached->ef_search) {
      choice.cheapest = TRY(MeasureAt(enough, params_.seconds_min));
    }
    return choice;
  }

 private:
  Status ComputeTruth() {
    const std::unique_ptr<VectorReader> base = TRY(VectorReader::Open(params_.base));
    if (base->info().dim != info_.dim || base->info().rows != info_.rows) {
      return Invalid(params_.base + " holds " + std::to_string(base->info().rows) +
                     " vectors of dim " + std::to_string(base->info().dim) +
                     ", but the index was built from " + std::to_string(info_.rows) + " of dim " +
                     std::to_string(info_.dim));
    }
    const Matrix<Neighbor> answers =
        TRY(ExactAnswers(*base, queries_, info_.metric, kTuneK, pool_, cancellation_, progress_));
    truth_ = IdsOf(answers.view());
    return {};
  }

  Result<TunePoint> MeasureAt(std::uint32_t ef_search, double seconds_min) {
    TunePoint point =
        TRY(Measure({.k = kTuneK, .ef_search = ef_search, .exact = ef_search == 0}, seconds_min));
    point.ef_search = ef_search;
    return point;
  }

  Result<TunePoint> Measure(const SearchParams& search, double seconds_min) {
    const QueryRunReport run =
        TRY(RunQueries(index_, queries_, {.search = search, .seconds_min = seconds_min}, pool_,
                       cancellation_, Progress::None()));
    TunePoint point;
    point.ef_search = run.ef_search;
    point.rerank = static_cast<std::uint32_t>(std::lround(run.reranked_mean));
    point.recall_at_10 =
        RecallAt(kTuneK, run.answers.view(), std::as_const(truth_).view(), AnswersAreExact(info_));
    point.qps = run.qps();
    point.cpu_us_mean = run.cpu_us_mean();
    point.mean_us = run.latency.mean_us();
    point.p50_us = run.latency.PercentileUs(0.5);
    point.p99_us = run.latency.PercentileUs(0.99);
    point.distances_mean = run.distances_mean;
    point.hops_mean = run.hops_mean;
    return point;
  }

  const TuneParams& params_;
  const VectorIndex& index_;
  const IndexInfo info_;
  MatrixView<const float> queries_;
  ThreadPool& pool_;
  const Cancellation& cancellation_;
  Progress& progress_;
  Matrix<std::int32_t> truth_;
};

}  // namespace

Result<TuneReport> TuneIndex(const TuneParams& params, const Cancellation& cancellation,
                             Progress& progress) {
  TRY(CheckParams(params));
  const std::unique_ptr<VectorIndex> index = TRY(OpenIndex(params.index, params.load));
  TuneReport report;
  report.index = index->info();
  TRY(CheckK(kTuneK, report.index.rows));
  const Matrix<float> queries = TRY(ReadQueries(params.queries, params.queries_max,
                                                report.index.dim, "the index " + params.index));
  if (queries.rows() == 0) return Invalid(params.queries + " holds no queries");

  ThreadPool pool(params.threads);
  report.threads = pool.threads();
  Tuner tuner(params, *index, queries.view(), pool, cancellation, progress);
  report.truth = TRY(tuner.ReadTruth());
  report.queries = tuner.queries();
  report.curve = TRY(tuner.Curve());
  progress.Start("choose", params.target_recalls.size());
  for (const double target : params.target_recalls) {
    report.choices.push_back(TRY(tuner.Choose(target, report.curve)));
    progress.Advance(1);
  }
  return report;
}

}  // namespace kith
