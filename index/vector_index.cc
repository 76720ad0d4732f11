#include "index/vector_index.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/distance.h"

namespace kith {
namespace {

// Queries a worker takes at once: a walk takes 20 us and more, so the hand-out costs nothing.
constexpr std::size_t kBatchGrain = 8;

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

}  // namespace

Status CheckFinite(std::span<const float> vector, const std::string& what) {
  if (!HasNonFinite(vector)) return {};
  const auto bad =
      std::find_if(vector.begin(), vector.end(), [](float x) { return !std::isfinite(x); });
  return Invalid(what + " has " + (std::isnan(*bad) ? "NaN" : "infinity") + " in dimension " +
                 std::to_string(bad - vector.begin()));
}

Status ValidateSearch(std::span<const float> query, std::size_t dim, const SearchParams& params,
                      std::span<const Neighbor> out) {
  if (query.size() != dim) {
    return Invalid("query has " + std::to_string(query.size()) + " dimensions, the index has " +
                   std::to_string(dim));
  }
  if (params.k == 0 || params.k > kSearchKMax) {
    return Invalid("k is " + std::to_string(params.k) + ", expected 1 to " +
                   std::to_string(kSearchKMax));
  }
  if (params.ef_search > kEfSearchMax) {
    return Invalid("ef_search is " + std::to_string(params.ef_search) + ", expected 0 or k to " +
                   std::to_string(kEfSearchMax));
  }
  if (params.ef_search > 0 && params.ef_search < params.k) {
    return Invalid("ef_search is " + std::to_string(params.ef_search) +
                   ", below k = " + std::to_string(params.k) +
                   ": expected 0 (chosen by target_recall) or at least k");
  }
  if (!(params.target_recall > 0 && params.target_recall <= 1)) {
    return Invalid("target_recall is " + std::to_string(params.target_recall) +
                   ", expected above 0 and at most 1");
  }
  if (out.size() < params.k) {
    return Invalid("room for " + std::to_string(out.size()) + " results, k is " +
                   std::to_string(params.k));
  }
  return CheckFinite(query, "query");
}

Result<Matrix<Neighbor>> SearchBatch(const VectorIndex& index, MatrixView<const float> queries,
                                     const SearchParams& params, ThreadPool& pool,
                                     const Cancellation& cancellation) {
  if (params.k == 0 || params.k > kSearchKMax) {  // before memory for k columns is asked for
    return Invalid("k is " + std::to_string(params.k) + ", expected 1 to " +
                   std::to_string(kSearchKMax));
  }
  Matrix<Neighbor> answers(queries.rows(), params.k);
  std::vector<std::unique_ptr<Searcher>> searchers(pool.threads());
  TRY(pool.TryParallelFor(
      queries.rows(), kBatchGrain, cancellation,
      [&](std::size_t begin, std::size_t end, std::size_t worker) -> Status {
        if (!searchers[worker]) searchers[worker] = index.NewSearcher();
        for (std::size_t q = begin; q < end; ++q) {
          const std::span<Neighbor> out = answers.row(q);
          const Result<std::size_t> found = searchers[worker]->Search(queries.row(q), params, out);
          if (!found.ok()) {
            return Error{found.error().code,
                         "query " + std::to_string(q) + ": " + found.error().message};
          }
          std::fill(out.begin() + found.value(), out.end(), Neighbor{.id = kNoNeighbor});
        }
        return {};
      }));
  return answers;
}

}  // namespace kith
