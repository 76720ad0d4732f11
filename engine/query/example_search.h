// Points with the best scores by examples.
//
// Private to engine/query.  Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/query/example_query.h"
#include "engine/query/query_context.h"
#include "engine/query/ranked_points.h"

namespace kith {

struct ExampleSearch {
  const ExampleQuery& query;
  const std::string& using_vector;
  StageParams params;
  const Filter* filter = nullptr;           // borrowed
  std::span<const std::uint32_t> excluded;  // ascending
  std::size_t limit = 10;
};

// The best `limit` of all points that match and have the vector, scored exactly: of all of them
// with params.exact, else of those near the query's seeds.  As many as `limit` whenever there are
// as many.  Sets `partial` when the deadline came first.
Result<RankedPoints> SearchByExamples(const QueryContext& context, const ExampleSearch& search,
                                      bool& partial);

// Scores slots by their stored vectors, block by block; slots without the vector are left out, and
// a score that is no number counts as -infinity.
// Sets `partial` when the deadline came first.
Result<std::vector<ScoredSlot>> ScoreSlots(
    const QueryContext& context, const std::string& using_vector,
    std::span<const std::uint32_t> slots, const std::function<float(std::span<const float>)>& score,
    bool& partial);

// Best first, equal scores by id; no more than `limit`.
void SortAndCut(const Collection& collection, ScoreOrder order, std::size_t limit,
                std::vector<ScoredSlot>& points);

}  // namespace kith
