#include "index/hnsw/hnsw_calibration.h"

#include <algorithm>
#include <cmath>

namespace kith {

Result<Matrix<Neighbor>> ExactAnswers(const ExactRows& source, std::uint32_t first,
                                      MatrixView<const float> queries, Metric metric, std::size_t k,
                                      ThreadPool& pool, const Cancellation& cancellation,
                                      Progress& progress) {
  constexpr std::size_t kBlockRows = 4096;
  progress.Start("exact answers", first);
  ExactSearch exact(queries, metric, k, pool);
  Matrix<float> block(std::min<std::size_t>(kBlockRows, first), source.dim());
  for (std::uint32_t begin = 0; begin < first; begin += kBlockRows) {
    const std::size_t rows = std::min<std::size_t>(kBlockRows, first - begin);
    for (std::uint32_t i = 0; i < rows; ++i) source.Decode(begin + i, block.row(i));
    TRY(exact.AddBlock(block.view().rows(0, rows), begin, cancellation));
    progress.Advance(rows);
  }
  return exact.Finish();
}

std::vector<std::uint32_t> CalibratedEfs(std::uint32_t rows) {
  constexpr double kGrowth = 1.35;
  constexpr std::uint32_t kFirst = 10, kLast = 1000;
  std::vector<std::uint32_t> efs;
  for (double ef = kFirst; ef <= kLast; ef *= kGrowth) {
    const auto rounded = static_cast<std::uint32_t>(std::lround(ef));
    if (rounded >= rows) break;
    efs.push_back(rounded);
  }
  if (efs.empty() || efs.back() < std::min(rows, kLast)) efs.push_back(std::min(rows, kLast));
  return efs;
}

float SlackOf(std::vector<float> errors) {
  constexpr double kShare = 0.995;
  if (errors.empty()) return CalibrationResult().rerank_slack;
  const auto at = static_cast<std::ptrdiff_t>(kShare * static_cast<double>(errors.size() - 1));
  std::nth_element(errors.begin(), errors.begin() + at, errors.end());
  return errors[static_cast<std::size_t>(at)];
}

}  // namespace kith
