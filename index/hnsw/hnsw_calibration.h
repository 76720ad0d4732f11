// Measuring an index on rows that are not in it (index/calibration.h says what for).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/cancellation.h"
#include "core/matrix.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "index/calibration.h"
#include "index/flat/exact_search.h"
#include "index/hnsw/hnsw_search.h"

namespace kith {

struct CalibrationResult {
  Calibration curve;
  // HnswData::rerank_slack: of the candidates near the top, all but 1 in 200 have a code distance
  // that exceeds the exact one by at most this share of the k-th code distance (negative where
  // codes fall short of the exact distance).  Not measured: so large that the pool is re-ranked.
  float rerank_slack = 10;
};

// Exact neighbours, among rows [0, first), of the queries.  Row numbers are node numbers.
Result<Matrix<Neighbor>> ExactAnswers(const ExactRows& source, std::uint32_t first,
                                      MatrixView<const float> queries, Metric metric, std::size_t k,
                                      ThreadPool& pool, const Cancellation& cancellation,
                                      Progress& progress);

// ef_search values measured, ascending; at most 1000 and `rows`.
std::vector<std::uint32_t> CalibratedEfs(std::uint32_t rows);

// The slack from the errors collected: the quantile, or the default without errors.
float SlackOf(std::vector<float> errors);

// Queries are rows [first, end) of `source`; the graph holds rows [0, first).
template <VectorCodec Codec>
Result<CalibrationResult> CalibrateHnsw(const Codec& codec, HnswData data, const ExactRows& source,
                                        std::uint32_t first, std::uint32_t end, Metric metric,
                                        ThreadPool& pool, const Cancellation& cancellation,
                                        Progress& progress) {
  constexpr std::size_t kSlackK = 10, kSlackEf = 100, kSlackDepth = 40, kQueriesOf100 = 200;
  constexpr double kEnough = 0.999;  // recall at which a curve ends
  constexpr int kStallsMax = 2;      // or after so many settings that gave nothing
  Matrix<float> queries(end - first, source.dim());
  for (std::uint32_t i = 0; i < queries.rows(); ++i) source.Decode(first + i, queries.row(i));
  const std::size_t truth_k =
      std::min<std::size_t>(kCalibratedK[std::size(kCalibratedK) - 1], first);
  const Matrix<Neighbor> truth = TRY(
      ExactAnswers(source, first, queries.view(), metric, truth_k, pool, cancellation, progress));

  std::vector<std::unique_ptr<HnswSearch<Codec>>> searches(pool.threads());
  // Runs body(search, query index) for the first `count` queries.
  const auto for_all = [&](std::size_t count, const auto& body) -> Status {
    return pool.TryParallelFor(
        count, 8, cancellation,
        [&](std::size_t begin, std::size_t last, std::size_t worker) -> Status {
          if (!searches[worker]) {
            searches[worker] = std::make_unique<HnswSearch<Codec>>(codec, data);
          }
          for (std::size_t q = begin; q < last; ++q) body(*searches[worker], q);
          return {};
        });
  };

  CalibrationResult result;
  if (!data.exact.empty()) {
    Matrix<float> errors(queries.rows(), kSlackDepth);
    std::vector<std::size_t> counts(queries.rows(), 0);
    TRY(for_all(queries.rows(), [&](HnswSearch<Codec>& search, std::size_t q) {
      search.Search(queries.row(q), {.k = kSlackK, .ef_search = kSlackEf, .rerank = 1});
      const CandidatePool& found = search.pool();
      if (found.size() < kSlackK) return;
      const float scale = std::abs(found.distance(kSlackK - 1));
      if (!(scale > 0)) return;
      counts[q] = std::min(found.size(), kSlackDepth);
      for (std::size_t i = 0; i < counts[q]; ++i) {
        errors.row(q)[i] = (found.distance(i) - search.ExactDistance(found.id(i))) / scale;
      }
    }));
    std::vector<float> all;
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      all.insert(all.end(), errors.row(q).begin(), errors.row(q).begin() + counts[q]);
    }
    result.rerank_slack = SlackOf(std::move(all));
    data.rerank_slack = result.rerank_slack;
  }

  const std::vector<std::uint32_t> efs = CalibratedEfs(first);
  progress.Start("calibrate", efs.size());
  std::vector<CalibrationPoint> points;
  double best[std::size(kCalibratedK)] = {};
  int stalls[std::size(kCalibratedK)] = {};
  for (const std::uint32_t ef : efs) {
    for (std::size_t i = 0; i < std::size(kCalibratedK); ++i) {
      const std::uint32_t k = kCalibratedK[i];
      if (k > ef || k > truth_k || best[i] >= kEnough || stalls[i] >= kStallsMax) continue;
      // A hundred answers a query tell as much as ten of ten times as many queries.
      const std::size_t count = k < 100 ? queries.rows() : std::min(queries.rows(), kQueriesOf100);
      std::vector<std::uint32_t> hits(count), distances(count);
      TRY(for_all(count, [&](HnswSearch<Codec>& search, std::size_t q) {
        const std::span<const Neighbor> found =
            search.Search(queries.row(q), {.k = k, .ef_search = ef});
        const float kth = truth.row(q)[k - 1].distance;
        const float bound = kth + 1e-5f * std::abs(kth);  // ties count, in whatever precision
        for (const Neighbor& neighbor : found) hits[q] += neighbor.distance <= bound;
        distances[q] = static_cast<std::uint32_t>(search.stats().distances);
      }));
      double hit_sum = 0, distance_sum = 0;
      for (std::size_t q = 0; q < count; ++q) {
        hit_sum += std::min<double>(hits[q], k);
        distance_sum += distances[q];
      }
      const auto asked = static_cast<double>(count);
      points.push_back({k, ef, hit_sum / (asked * k), distance_sum / asked});
      stalls[i] = points.back().recall > best[i] ? 0 : stalls[i] + 1;
      best[i] = std::max(best[i], points.back().recall);
    }
    progress.Advance(1);
  }
  result.curve = Calibration(std::move(points));
  return result;
}

}  // namespace kith
