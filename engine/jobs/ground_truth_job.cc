#include "engine/jobs/ground_truth_job.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/resource_usage.h"
#include "engine/jobs/answer_file.h"
#include "engine/jobs/query_runner.h"
#include "engine/jobs/query_set.h"
#include "engine/jobs/row_blocks.h"
#include "index/flat/exact_search.h"

namespace kith {

Result<Matrix<Neighbor>> ExactAnswers(const VectorReader& base, MatrixView<const float> queries,
                                      Metric metric, std::uint32_t k, ThreadPool& pool,
                                      const Cancellation& cancellation, Progress& progress) {
  const VectorFileInfo& info = base.info();
  ExactSearch search(queries, metric, k, pool);
  const std::uint64_t block_rows = std::min(RowsPerBlock(info.dim * sizeof(float)), info.rows);
  Matrix<float> block(block_rows, info.dim);
  progress.Start("exact search", info.rows);
  for (std::uint64_t row = 0; row < info.rows; row += block_rows) {
    const MatrixView<float> rows = block.view().rows(0, std::min(block_rows, info.rows - row));
    TRY(base.ReadF32(row, rows));
    const Status added = search.AddBlock(rows, row, cancellation);
    if (!added.ok()) {
      const bool names_row = added.error().code == ErrorCode::kInvalidArgument;
      return Error{added.error().code, (names_row ? info.path + ": " : "") + added.error().message};
    }
    progress.Advance(rows.rows());
  }
  return search.Finish();
}

Result<GroundTruthReport> ComputeGroundTruth(const GroundTruthParams& params,
                                             const Cancellation& cancellation, Progress& progress) {
  const double start_seconds = WallSeconds(), start_cpu_seconds = ProcessCpuSeconds();
  const std::unique_ptr<VectorReader> base = TRY(VectorReader::Open(params.base));
  const VectorFileInfo& info = base->info();
  TRY(CheckK(params.k, info.rows));
  const Matrix<float> queries =
      TRY(ReadQueries(params.queries, params.queries_max, info.dim, params.base));
  AnswerFile output = TRY(AnswerFile::Create(params.output, params.k, params.if_exists));
  std::optional<DistanceFile> distances;
  if (!params.distances.empty()) {
    distances.emplace(TRY(DistanceFile::Create(params.distances, params.k, params.if_exists)));
  }

  ThreadPool pool(params.threads);
  const Matrix<Neighbor> answers = TRY(
      ExactAnswers(*base, queries.view(), params.metric, params.k, pool, cancellation, progress));
  if (distances) TRY(distances->Write(answers.view()));
  TRY(output.Write(answers.view()));

  GroundTruthReport report;
  report.base_vectors = info.rows;
  report.queries = queries.rows();
  report.dim = info.dim;
  report.k = params.k;
  report.threads = pool.threads();
  report.seconds = WallSeconds() - start_seconds;
  report.cpu_seconds = ProcessCpuSeconds() - start_cpu_seconds;
  report.peak_resident_bytes = PeakResidentBytes();
  return report;
}

}  // namespace kith
