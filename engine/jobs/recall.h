// Recall of approximate answers against exact ones.
//
//   recall@k = mean over queries of  (answers among the first k that belong to the k nearest)
//                                    / (k, or how many the truth lists if fewer)
//
// An answer belongs when the truth lists its id among its first k.  Rows at equal distance are
// interchangeable, and a truth names only some of them: an answer that it does not list also
// belongs when it is no farther than a listed answer of the same query (then it is no farther
// than the k-th nearest).  That needs exact distances, so it applies only where the caller says
// that the answers carry them; the count never exceeds k.
//
// Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/matrix.h"
#include "core/top_k.h"
#include "index/vector_index.h"

namespace kith {

// Rows of `answers` and `truth` belong to the same queries, nearest first; the shorter of the two
// decides how many queries count.  Padding is kNoNeighbor in answers and a negative id in truth.
// Queries whose truth lists nothing do not count.  0 when no query counts.
// REQUIRES: 0 < k <= answers.cols(), k <= truth.cols().
double RecallAt(std::size_t k, MatrixView<const Neighbor> answers,
                MatrixView<const std::int32_t> truth, bool distances_are_exact);

// Recall at the usual depths, where both sides are that deep.
struct RecallReport {
  std::uint64_t queries = 0;  // that the truth covers
  std::optional<double> at_1, at_10, at_100;
};

RecallReport MeasureRecall(MatrixView<const Neighbor> answers, MatrixView<const std::int32_t> truth,
                           bool distances_are_exact);

// Whether an index's answers carry exact distances: the rows it re-ranks with lose nothing.
bool AnswersAreExact(const IndexInfo& index);

// The ids of answers as a truth: -1 for padding.
Matrix<std::int32_t> IdsOf(MatrixView<const Neighbor> answers);

}  // namespace kith
