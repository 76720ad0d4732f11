// What a collection can be asked, with Qdrant's meaning of each form.
//
// A query is a tree of stages.  A stage without prefetches finds points of the collection; one with
// prefetches ranks what these found: anew (nearest, examples, order, formula, sample) or by the
// ranks and scores they have (fusion).  The filter of a stage holds for all stages below it.
//
// Plain data; values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/json_value.h"
#include "core/point_id.h"
#include "engine/collection/collection.h"
#include "engine/collection/point.h"
#include "engine/query/formula.h"
#include "engine/query/fusion.h"
#include "index/payload/filter.h"
#include "index/payload/json_path.h"

namespace kith {

inline constexpr std::size_t kQueryLimitMax = kSearchLimitMax;  // of limit + offset, of a prefetch
inline constexpr std::size_t kQueryStagesMax = 64;              // of a query, its root included
inline constexpr std::size_t kQueryDepthMax = 8;                // of prefetches in one another
inline constexpr std::size_t kQueryExamplesMax = 1024;          // of a stage
inline constexpr std::size_t kQueryBatchMax = 1024;

// A vector, or the one that a point has.  A point named so is left out of the answer.
using VectorInput = std::variant<std::vector<float>, PointId>;

// Maximal marginal relevance (Carbonell and Goldstein, 1998): engine/query/mmr.h.
struct MmrParams {
  float diversity = 0.5F;          // 0: relevance alone; 1: only unlike those chosen before
  std::size_t candidates_max = 0;  // nearest points to choose from; 0: the limit
};

// Points by id; the query of a request that has none.
struct ByIdQuery {};
struct NearestQuery {
  VectorInput vector;
  std::optional<MmrParams> mmr;
};
// Scores of the three strategies: engine/query/example_scores.h.
struct RecommendQuery {
  enum class Strategy : std::uint8_t { kAverageVector, kBestScore, kSumScores };
  std::vector<VectorInput> positive, negative;
  Strategy strategy = Strategy::kAverageVector;
};
struct ContextPair {
  VectorInput positive, negative;
};
struct DiscoverQuery {
  VectorInput target;
  std::vector<ContextPair> context;
};
struct ContextQuery {
  std::vector<ContextPair> context;
};
// By a value of the payload: needs an index with range on the key.
struct OrderByQuery {
  JsonPath key;
  bool descending = false;
  JsonValue start;  // where to start, itself included; null: at the first
};
struct SampleQuery {
  std::optional<std::uint64_t> seed;  // none: another sample each time
};
struct RrfQuery {
  RrfParams params;
};
struct DbsfQuery {};
struct FormulaQuery {
  Formula formula;
};

using Query = std::variant<ByIdQuery, NearestQuery, RecommendQuery, DiscoverQuery, ContextQuery,
                           OrderByQuery, SampleQuery, RrfQuery, DbsfQuery, FormulaQuery>;

// Where the vectors of points named as examples come from, if not from the collection itself.
struct LookupFrom {
  std::string collection;
  std::optional<std::string> vector;  // none: the name the stage uses
};

struct StageParams {
  std::uint32_t ef_search = 0;  // 0: by target_recall
  double target_recall = 0.95;
  bool exact = false;
};

struct QueryStage {
  Query query;
  std::vector<QueryStage> prefetch;
  std::string using_vector;  // "" is the unnamed one
  std::optional<Filter> filter;
  StageParams params;
  // The worst score that is answered: a lower bound, and an upper one where smaller is better.  Of
  // no effect on points by id, in an order or sampled.
  std::optional<float> score_threshold;
  std::size_t limit = 10;
  std::optional<LookupFrom> lookup_from;
};

struct QueryRequest : QueryStage {
  std::size_t offset = 0;
  PayloadSelector payload = {.enabled = false, .include = {}, .exclude = {}};
  VectorSelector vectors;
};

struct ScoredPoint : Record {
  float score = 0;                       // larger is nearer for Cosine and Dot, smaller for Euclid
  std::optional<JsonValue> order_value;  // of OrderByQuery; datetimes in microseconds
};

struct QueryAnswer {
  std::vector<ScoredPoint> points;  // best first
  bool partial = false;             // the deadline came first: there may be more or better ones
};

}  // namespace kith
