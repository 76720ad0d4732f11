#include "engine/jobs/recall.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <span>
#include <vector>

namespace kith {
namespace {

// Answers of one query that belong to the k nearest.  `nearest` is sorted.
std::size_t Belonging(std::span<const Neighbor> answers, std::span<const std::int32_t> nearest,
                      bool distances_are_exact) {
  const auto listed = [&](const Neighbor& answer) {
    return answer.id != kNoNeighbor &&
           std::ranges::binary_search(nearest, static_cast<std::int32_t>(answer.id));
  };
  std::size_t count = 0;
  float listed_distance_max = -std::numeric_limits<float>::infinity();
  for (const Neighbor& answer : answers) {
    if (!listed(answer)) continue;
    ++count;
    listed_distance_max = std::max(listed_distance_max, answer.distance);
  }
  if (distances_are_exact) {
    count += static_cast<std::size_t>(std::ranges::count_if(answers, [&](const Neighbor& answer) {
      return answer.id != kNoNeighbor && answer.distance <= listed_distance_max && !listed(answer);
    }));
  }
  return std::min(count, nearest.size());
}

}  // namespace

double RecallAt(std::size_t k, MatrixView<const Neighbor> answers,
                MatrixView<const std::int32_t> truth, bool distances_are_exact) {
  assert(k > 0 && k <= answers.cols() && k <= truth.cols());
  const std::size_t queries = std::min(answers.rows(), truth.rows());
  double sum = 0;
  std::size_t counted = 0;
  std::vector<std::int32_t> nearest;
  for (std::size_t q = 0; q < queries; ++q) {
    nearest.clear();
    for (const std::int32_t id : truth.row(q).first(k)) {
      if (id >= 0) nearest.push_back(id);
    }
    if (nearest.empty()) continue;
    std::ranges::sort(nearest);
    const std::size_t found = Belonging(answers.row(q).first(k), nearest, distances_are_exact);
    sum += static_cast<double>(found) / static_cast<double>(nearest.size());
    ++counted;
  }
  return counted == 0 ? 0 : sum / static_cast<double>(counted);
}

RecallReport MeasureRecall(MatrixView<const Neighbor> answers, MatrixView<const std::int32_t> truth,
                           bool distances_are_exact) {
  RecallReport report;
  report.queries = std::min(answers.rows(), truth.rows());
  const std::size_t depth = std::min(answers.cols(), truth.cols());
  const auto at = [&](std::size_t k) -> std::optional<double> {
    if (depth < k || report.queries == 0) return std::nullopt;
    return RecallAt(k, answers, truth, distances_are_exact);
  };
  report.at_1 = at(1);
  report.at_10 = at(10);
  report.at_100 = at(100);
  return report;
}

bool AnswersAreExact(const IndexInfo& index) {
  return index.kind == "flat" || index.exact == "f32" || index.exact == "u8";
}

Matrix<std::int32_t> IdsOf(MatrixView<const Neighbor> answers) {
  Matrix<std::int32_t> ids(answers.rows(), answers.cols());
  for (std::size_t q = 0; q < answers.rows(); ++q) {
    std::ranges::transform(answers.row(q), ids.row(q).begin(), [](const Neighbor& answer) {
      return answer.id == kNoNeighbor ? -1 : static_cast<std::int32_t>(answer.id);
    });
  }
  return ids;
}

}  // namespace kith
