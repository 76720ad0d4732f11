// Each stage gives slots with scores; ids, payloads and vectors are read for the answer only.
//
// A stage over prefetches scores their points from the stored vectors instead of searching with a
// filter on ids: there are at most some thousands, and all of them are wanted.
#include "engine/query/query_stages.h"

#include <algorithm>
#include <random>
#include <unordered_map>
#include <utility>

#include "core/distance.h"
#include "core/random.h"
#include "engine/query/example_query.h"
#include "engine/query/example_scores.h"
#include "engine/query/example_search.h"
#include "engine/query/mmr.h"

namespace kith {
namespace {

constexpr std::size_t kPayloadBlock = 256;  // payloads read at once
constexpr float kUnscored = 1;              // of points by id, in an order, sampled; as in Qdrant

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

// What both filters hold for.  Copies them; null: all points.
std::optional<Filter> Both(const Filter* a, const Filter* b) {
  if (a == nullptr && b == nullptr) return std::nullopt;
  if (a == nullptr || b == nullptr) return a == nullptr ? *b : *a;
  Filter both;
  both.must.push_back({*a});
  both.must.push_back({*b});
  // No filter's own JSON is an array.
  if (!a->source.empty() && !b->source.empty())
    both.source = "[" + a->source + "," + b->source + "]";
  return both;
}

std::vector<std::uint32_t> SlotsOf(std::span<const RankedPoints> sources) {
  std::vector<std::uint32_t> slots;
  for (const RankedPoints& source : sources) {
    for (const ScoredSlot& point : source.points) slots.push_back(point.slot);
  }
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  return slots;
}

Filter OnlySlots(const Collection& collection, std::span<const std::uint32_t> slots) {
  HasId has_id;
  for (const std::uint32_t slot : slots) has_id.ids.push_back(collection.IdOf(slot));
  std::sort(has_id.ids.begin(), has_id.ids.end());
  Filter filter;
  filter.must.push_back({std::move(has_id)});
  return filter;
}

void Remove(std::span<const std::uint32_t> excluded, std::vector<ScoredSlot>& points) {
  std::erase_if(points, [&](const ScoredSlot& point) {
    return std::binary_search(excluded.begin(), excluded.end(), point.slot);
  });
}

void CutAtThreshold(const QueryStage& stage, RankedPoints& ranked) {
  if (!stage.score_threshold || ranked.order == ScoreOrder::kNone) return;
  std::erase_if(ranked.points, [&](const ScoredSlot& point) {
    return IsBetter(ranked.order, *stage.score_threshold, point.score);
  });
}

std::uint64_t NewSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

// Does the stage look for what is nearest to one vector?
bool IsByVector(const Query& query) {
  const auto* recommend = std::get_if<RecommendQuery>(&query);
  return std::holds_alternative<NearestQuery>(query) ||
         (recommend != nullptr && recommend->strategy == RecommendQuery::Strategy::kAverageVector);
}

bool IsByExamples(const Query& query) {
  return std::holds_alternative<RecommendQuery>(query) ||
         std::holds_alternative<DiscoverQuery>(query) ||
         std::holds_alternative<ContextQuery>(query);
}

// REQUIRES: IsByVector.
Result<std::vector<float>> TargetOf(const Query& query, ExampleSource& source) {
  if (const auto* nearest = std::get_if<NearestQuery>(&query)) {
    return source.Resolve(nearest->vector);
  }
  const RecommendQuery& recommend = *std::get_if<RecommendQuery>(&query);
  if (recommend.positive.empty()) {
    return Invalid("recommend: expected a positive example with the strategy average_vector");
  }
  const std::vector<std::vector<float>> positive = TRY(source.Resolve(recommend.positive));
  const std::vector<std::vector<float>> negative = TRY(source.Resolve(recommend.negative));
  return AverageVector(positive, negative);
}

}  // namespace

bool QueryStages::Late() {
  partial_ = partial_ || context_.deadline.passed();
  return partial_;
}

Result<RankedPoints> QueryStages::Run(const QueryStage& stage, const Filter* filter,
                                      std::size_t limit) {
  if (Late()) return RankedPoints();
  const std::optional<Filter> both = Both(filter, stage.filter ? &*stage.filter : nullptr);
  const Filter* wanted = both ? &*both : nullptr;
  const auto* nearest = std::get_if<NearestQuery>(&stage.query);
  const MmrParams* mmr = nearest != nullptr && nearest->mmr ? &*nearest->mmr : nullptr;
  const std::size_t first = mmr != nullptr && mmr->candidates_max > 0 ? mmr->candidates_max : limit;
  RankedPoints ranked;
  if (stage.prefetch.empty()) {
    ranked = TRY(Leaf(stage, {.filter = wanted, .slots = nullptr, .limit = first}));
  } else {
    std::vector<RankedPoints> sources;
    for (const QueryStage& prefetch : stage.prefetch) {
      RankedPoints source = TRY(Run(prefetch, wanted, prefetch.limit));
      sources.push_back(std::move(source));
    }
    ranked = TRY(Merge(stage, sources, first));
  }
  CutAtThreshold(stage, ranked);
  if (mmr != nullptr) return Diversify(stage, *nearest, std::move(ranked), limit);
  return ranked;
}

Result<RankedPoints> QueryStages::Leaf(const QueryStage& stage, const Scope& scope) {
  if (std::holds_alternative<ByIdQuery>(stage.query)) return ById(scope);
  if (const auto* order = std::get_if<OrderByQuery>(&stage.query)) return Ordered(*order, scope);
  if (const auto* sample = std::get_if<SampleQuery>(&stage.query)) return Sample(*sample, scope);
  if (IsByVector(stage.query)) return ByVector(stage, scope);
  if (IsByExamples(stage.query)) return ByExamples(stage, scope);
  const bool formula = std::holds_alternative<FormulaQuery>(stage.query);
  return Invalid(std::string("cannot apply ") + (formula ? "Formula" : "Fusion") +
                 " without prefetches");
}

Result<RankedPoints> QueryStages::Merge(const QueryStage& stage,
                                        std::span<const RankedPoints> sources, std::size_t limit) {
  if (std::holds_alternative<ByIdQuery>(stage.query)) {
    return Invalid("cannot have prefetches without a query");
  }
  const std::vector<std::uint32_t> slots = SlotsOf(sources);
  const Scope scope{.filter = nullptr, .slots = &slots, .limit = limit};
  if (IsByVector(stage.query)) return ByVector(stage, scope);
  if (IsByExamples(stage.query)) return ByExamples(stage, scope);
  RankedPoints ranked;
  if (const auto* rrf = std::get_if<RrfQuery>(&stage.query)) {
    ranked = TRY(FuseByRank(sources, rrf->params));
  } else if (std::holds_alternative<DbsfQuery>(stage.query)) {
    ranked = FuseByDistribution(sources);
  } else if (const auto* formula = std::get_if<FormulaQuery>(&stage.query)) {
    ranked = TRY(ByFormula(formula->formula, sources, slots));
  } else {
    const Filter only = OnlySlots(context_.collection, slots);
    const Scope among{.filter = &only, .slots = nullptr, .limit = limit};
    if (const auto* order = std::get_if<OrderByQuery>(&stage.query)) return Ordered(*order, among);
    return Sample(*std::get_if<SampleQuery>(&stage.query), among);
  }
  SortAndCut(context_.collection, ranked.order, limit, ranked.points);
  return ranked;
}

Result<RankedPoints> QueryStages::ById(const Scope& scope) {
  const PayloadSelector nothing{.enabled = false, .include = {}, .exclude = {}};
  const Collection::Page page =
      TRY(context_.collection.Scroll(PointId(), scope.limit, scope.filter, nothing, {}));
  RankedPoints ranked;
  ranked.order = ScoreOrder::kNone;
  for (const Record& record : page.records) {
    const std::optional<std::uint32_t> slot = context_.collection.SlotOf(record.id);
    if (slot) ranked.points.push_back({kUnscored, *slot});
  }
  return ranked;
}

Result<RankedPoints> QueryStages::Ordered(const OrderByQuery& query, const Scope& scope) {
  const OrderParams params{
      .key = query.key, .descending = query.descending, .start = query.start, .limit = scope.limit};
  std::vector<OrderedSlot> found = TRY(context_.collection.Ordered(params, scope.filter));
  RankedPoints ranked;
  ranked.order = ScoreOrder::kNone;
  for (OrderedSlot& point : found) {
    ranked.points.push_back({kUnscored, point.slot});
    ranked.order_values.push_back(std::move(point.value));
  }
  return ranked;
}

// The slots with the least random hashes: a sample of a subset is a subset of the sample.
Result<RankedPoints> QueryStages::Sample(const SampleQuery& query, const Scope& scope) {
  const SlotSet matches = TRY(context_.collection.Matches(scope.filter));
  const std::uint64_t seed = query.seed ? *query.seed : NewSeed();
  std::vector<std::pair<std::uint64_t, std::uint32_t>> drawn;
  drawn.reserve(matches.count());
  matches.ForEach([&](std::uint32_t slot) { drawn.emplace_back(RandomHash(seed, 0, slot), slot); });
  const std::size_t count = std::min(scope.limit, drawn.size());
  std::partial_sort(drawn.begin(), drawn.begin() + static_cast<std::ptrdiff_t>(count), drawn.end());
  RankedPoints ranked;
  ranked.order = ScoreOrder::kNone;
  for (std::size_t i = 0; i < count; ++i) ranked.points.push_back({kUnscored, drawn[i].second});
  return ranked;
}

Result<RankedPoints> QueryStages::ByVector(const QueryStage& stage, const Scope& scope) {
  ExampleSource source = TRY(ExampleSource::Of(context_, stage));
  std::vector<float> vector = TRY(TargetOf(stage.query, source));
  const std::vector<std::uint32_t> excluded = source.TakeExcluded();
  const Metric metric = source.metric();
  RankedPoints ranked;
  ranked.order = metric == Metric::kL2 ? ScoreOrder::kSmallerFirst : ScoreOrder::kLargerFirst;
  if (scope.slots == nullptr) {
    ranked.points = TRY(Search(stage, std::move(vector), excluded, scope));
  } else {
    if (metric == Metric::kCosine) Normalize(vector);
    const auto score = [&](std::span<const float> row) {
      return ScoreOfSimilarity(metric, Similarity(metric, vector, row));
    };
    ranked.points = TRY(ScoreSlots(context_, stage.using_vector, *scope.slots, score, partial_));
  }
  Remove(excluded, ranked.points);
  SortAndCut(context_.collection, ranked.order, scope.limit, ranked.points);
  return ranked;
}

Result<std::vector<ScoredSlot>> QueryStages::Search(const QueryStage& stage,
                                                    std::vector<float> vector,
                                                    std::span<const std::uint32_t> excluded,
                                                    const Scope& scope) {
  VectorSearch search{.using_vector = stage.using_vector,
                      .vector = std::move(vector),
                      .limit = scope.limit + excluded.size(),
                      .ef_search = stage.params.ef_search,
                      .target_recall = stage.params.target_recall,
                      .exact = stage.params.exact,
                      .filter = scope.filter,
                      .score_threshold = stage.score_threshold};
  if (search.limit <= kSearchLimitMax) return context_.collection.Search(search);
  // Too many to leave some out afterwards.
  Filter others;
  if (scope.filter != nullptr) others.must.push_back({*scope.filter});
  others.must_not.push_back({OnlySlots(context_.collection, excluded)});
  search.filter = &others;
  search.limit = scope.limit;
  return context_.collection.Search(search);
}

Result<RankedPoints> QueryStages::ByExamples(const QueryStage& stage, const Scope& scope) {
  ExampleSource source = TRY(ExampleSource::Of(context_, stage));
  const ExampleQuery query = TRY(ExampleQuery::Of(stage.query, source));
  const std::vector<std::uint32_t> excluded = source.TakeExcluded();
  if (scope.slots == nullptr) {
    const ExampleSearch search{.query = query,
                               .using_vector = stage.using_vector,
                               .params = stage.params,
                               .filter = scope.filter,
                               .excluded = excluded,
                               .limit = scope.limit};
    return SearchByExamples(context_, search, partial_);
  }
  const auto score = [&](std::span<const float> row) { return query.Score(row); };
  RankedPoints ranked;
  ranked.points = TRY(ScoreSlots(context_, stage.using_vector, *scope.slots, score, partial_));
  Remove(excluded, ranked.points);
  SortAndCut(context_.collection, ranked.order, scope.limit, ranked.points);
  return ranked;
}

Result<RankedPoints> QueryStages::ByFormula(const Formula& formula,
                                            std::span<const RankedPoints> sources,
                                            std::span<const std::uint32_t> slots) {
  const Collection& collection = context_.collection;
  std::vector<std::unordered_map<std::uint32_t, float>> scores(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    for (const ScoredSlot& point : sources[i].points) scores[i][point.slot] = point.score;
  }
  std::vector<SlotSet> holding;
  for (const Condition& condition : formula.conditions) {
    Filter filter = OnlySlots(collection, slots);
    filter.must.push_back(condition);
    SlotSet matches = TRY(collection.Matches(&filter));
    holding.push_back(std::move(matches));
  }
  const PayloadSelector all;
  RankedPoints ranked;
  std::vector<std::optional<float>> of_point(sources.size());
  std::vector<bool> conditions(holding.size());
  for (std::size_t begin = 0; begin < slots.size() && !Late(); begin += kPayloadBlock) {
    const auto block = slots.subspan(begin, std::min(kPayloadBlock, slots.size() - begin));
    std::vector<Record> records = TRY(collection.Records(block, all, {}));
    std::size_t next = 0;
    for (const std::uint32_t slot : block) {
      // Points that are gone have no record.
      if (next == records.size() || records[next].id != collection.IdOf(slot)) continue;
      const JsonValue payload(*std::move(records[next++].payload));
      for (std::size_t i = 0; i < sources.size(); ++i) {
        const auto found = scores[i].find(slot);
        of_point[i] = found == scores[i].end() ? std::nullopt : std::optional(found->second);
      }
      for (std::size_t i = 0; i < holding.size(); ++i) conditions[i] = holding[i].Contains(slot);
      const FormulaPoint point{.scores = of_point, .payload = payload, .conditions = conditions};
      const float score = TRY(EvaluateFormula(formula, point));
      ranked.points.push_back({score, slot});
    }
  }
  return ranked;
}

Result<RankedPoints> QueryStages::Diversify(const QueryStage& stage, const NearestQuery& query,
                                            RankedPoints candidates, std::size_t limit) {
  ExampleSource source = TRY(ExampleSource::Of(context_, stage));
  std::vector<float> vector = TRY(source.Resolve(query.vector));
  const Metric metric = source.metric();
  if (metric == Metric::kCosine) Normalize(vector);
  std::vector<std::uint32_t> slots;
  for (const ScoredSlot& point : candidates.points) slots.push_back(point.slot);
  const auto rows = TRY(context_.collection.Vectors(stage.using_vector, slots));
  // A point may have lost its vector since it was found.
  std::vector<ScoredSlot> points;
  std::vector<std::vector<float>> vectors;
  std::vector<float> similarities;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) continue;
    points.push_back(candidates.points[i]);
    vectors.push_back(*rows[i]);
    similarities.push_back(Similarity(metric, vector, *rows[i]));
  }
  const std::vector<std::size_t> chosen = SelectByMarginalRelevance(
      {.diversity = query.mmr->diversity, .limit = limit}, similarities,
      [&](std::size_t a, std::size_t b) { return Similarity(metric, vectors[a], vectors[b]); });
  RankedPoints ranked;
  ranked.order = candidates.order;
  for (const std::size_t i : chosen) ranked.points.push_back(points[i]);
  return ranked;
}

}  // namespace kith
