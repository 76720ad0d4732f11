// The stages of a query, run from the leaves to the root.
//
// Private to engine/query.  Thread-compatible.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/result.h"
#include "engine/query/query_context.h"
#include "engine/query/query_request.h"
#include "engine/query/ranked_points.h"

namespace kith {

class QueryStages {
 public:
  explicit QueryStages(const QueryContext& context) : context_(context) {}

  // The best `limit` points of the stage among those that `filter` (null: all) holds for.
  // Errors: kInvalidArgument, kNotFound (a point or a collection that the stage names).
  Result<RankedPoints> Run(const QueryStage& stage, const Filter* filter, std::size_t limit);

  // Did the deadline come first, in any stage?
  bool partial() const { return partial_; }

 private:
  // Of the whole collection, or what is in `slots` of it, ascending.
  struct Scope {
    const Filter* filter = nullptr;  // null: all; of no effect on slots
    const std::vector<std::uint32_t>* slots = nullptr;
    std::size_t limit = 10;
  };
  Result<RankedPoints> Leaf(const QueryStage& stage, const Scope& scope);
  Result<RankedPoints> Merge(const QueryStage& stage, std::span<const RankedPoints> sources,
                             std::size_t limit);

  Result<RankedPoints> ById(const Scope& scope);
  Result<RankedPoints> Ordered(const OrderByQuery& query, const Scope& scope);
  Result<RankedPoints> Sample(const SampleQuery& query, const Scope& scope);
  // Nearest to a vector, or to the average of a recommendation.
  Result<RankedPoints> ByVector(const QueryStage& stage, const Scope& scope);
  Result<std::vector<ScoredSlot>> Search(const QueryStage& stage, std::vector<float> vector,
                                         std::span<const std::uint32_t> excluded,
                                         const Scope& scope);
  Result<RankedPoints> ByExamples(const QueryStage& stage, const Scope& scope);
  Result<RankedPoints> ByFormula(const Formula& formula, std::span<const RankedPoints> sources,
                                 std::span<const std::uint32_t> slots);
  Result<RankedPoints> Diversify(const QueryStage& stage, const NearestQuery& query,
                                 RankedPoints candidates, std::size_t limit);
  // Is it late?  Then the answer is partial.
  bool Late();

  const QueryContext& context_;
  bool partial_ = false;
};

}  // namespace kith
