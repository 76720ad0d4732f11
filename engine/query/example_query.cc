// Where the best scores are found without looking at all points.
//
// A graph gives the points nearest to a vector, so a form is asked for vectors ("seeds") near which
// its best points lie:
//
//   best_score  every positive: a point far from all of them has a small max s(positive)
//   sum_scores  one vector.  With inner products (and cosines) sum s(p) - sum s(n) is the product
//               with sum p - sum n: the order is that of a nearest search.  With Euclid and more
//               positives than negatives it is -(P - N) |x - c|^2 + constant, c = (sum p - sum n) /
//               (P - N): nearest to c
//   discover    the target, the positives of the pairs, and one vector between them
//   context     the positives of the pairs, and one vector between them
//
// The vector between pairs is sum (p - n) with inner products, along which all differences grow,
// and with Euclid 2 mean(p) - mean(n), the mean of the positives moved away from the negatives.
//
// The lists end somewhere; IsSettled says whether a point behind their ends could still be among
// the best, which is what widening stops on.  Only-negative queries, and Euclidean sums with as
// many negatives as positives, are best far away from everything: no seed, a scan.
//
// Rejected: walking the graph by the custom score itself, as Qdrant does.  The score has plateaus
// and jumps (ranks of discover, zeros of context), a walk stops at the first of them, and recall
// can only be had by a larger ef; lists by distance keep the walk on the metric that the graph was
// built for.
#include "engine/query/example_query.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "core/distance.h"
#include "engine/query/example_scores.h"

namespace kith {
namespace {

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

}  // namespace

Result<ExampleSource> ExampleSource::Of(const QueryContext& context, const QueryStage& stage) {
  ExampleSource source(context.collection, stage);
  const CollectionConfig config = context.collection.config();
  const auto field = config.vectors.find(stage.using_vector);
  if (field == config.vectors.end()) {
    return Invalid("Wrong input: Not existing vector name error: " + stage.using_vector);
  }
  source.size_ = field->second.size;
  source.metric_ = field->second.metric;
  source.lookup_vector_ = stage.using_vector;
  if (!stage.lookup_from) return source;
  if (context.lookup) source.lookup_ = context.lookup(stage.lookup_from->collection);
  if (!source.lookup_) {
    return Error{ErrorCode::kNotFound,
                 "Not found: Collection " + stage.lookup_from->collection + " not found"};
  }
  if (stage.lookup_from->vector) source.lookup_vector_ = *stage.lookup_from->vector;
  return source;
}

Result<std::vector<float>> ExampleSource::Resolve(const VectorInput& input) {
  std::vector<float> vector;
  if (const PointId* id = std::get_if<PointId>(&input)) {
    const Collection& from = lookup_ ? *lookup_ : *collection_;
    const std::optional<std::uint32_t> slot = from.SlotOf(*id);
    if (!slot) {
      return Error{ErrorCode::kNotFound,
                   "Not found: No point with id " + id->ToString() + " found"};
    }
    const std::uint32_t slots[] = {*slot};
    auto rows = TRY(from.Vectors(lookup_vector_, slots));
    if (!rows[0]) {
      return Error{ErrorCode::kNotFound, "Not found: Point " + id->ToString() + " has no vector '" +
                                             lookup_vector_ + "'"};
    }
    vector = *std::move(rows[0]);
    if (!lookup_) excluded_.push_back(*slot);
  } else {
    vector = *std::get_if<std::vector<float>>(&input);
    TRY(CheckFinite(vector, "the query"));
  }
  if (vector.size() != size_) {
    return Invalid("Wrong input: Vector dimension error: expected dim: " + std::to_string(size_) +
                   ", got " + std::to_string(vector.size()));
  }
  return vector;
}

Result<std::vector<std::vector<float>>> ExampleSource::Resolve(
    std::span<const VectorInput> inputs) {
  std::vector<std::vector<float>> vectors;
  for (const VectorInput& input : inputs) {
    std::vector<float> vector = TRY(Resolve(input));
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

std::vector<std::uint32_t> ExampleSource::TakeExcluded() {
  std::sort(excluded_.begin(), excluded_.end());
  excluded_.erase(std::unique(excluded_.begin(), excluded_.end()), excluded_.end());
  return std::move(excluded_);
}

Result<ExampleQuery> ExampleQuery::Of(const Query& query, ExampleSource& source) {
  const std::vector<ContextPair>* context = nullptr;
  ExampleQuery examples(Form::kContext, source.metric());
  if (const auto* recommend = std::get_if<RecommendQuery>(&query)) {
    assert(recommend->strategy != RecommendQuery::Strategy::kAverageVector);
    const bool best = recommend->strategy == RecommendQuery::Strategy::kBestScore;
    examples.form_ = best ? Form::kBestScore : Form::kSumScores;
    if (recommend->positive.empty() && recommend->negative.empty()) {
      return Invalid("recommend: expected a positive or a negative example");
    }
    examples.positive_ = TRY(source.Resolve(recommend->positive));
    examples.negative_ = TRY(source.Resolve(recommend->negative));
  } else if (const auto* discover = std::get_if<DiscoverQuery>(&query)) {
    examples.form_ = Form::kDiscover;
    std::vector<float> target = TRY(source.Resolve(discover->target));
    examples.positive_.push_back(std::move(target));
    context = &discover->context;
  } else {
    context = &std::get_if<ContextQuery>(&query)->context;
    if (context->empty()) return Invalid("context: expected at least one pair");
  }
  for (std::size_t i = 0; context != nullptr && i < context->size(); ++i) {
    Pair pair;
    pair.positive = TRY(source.Resolve((*context)[i].positive));
    pair.negative = TRY(source.Resolve((*context)[i].negative));
    examples.pairs_.push_back(std::move(pair));
  }
  if (source.metric() == Metric::kCosine) {
    for (auto* list : {&examples.positive_, &examples.negative_}) {
      for (std::vector<float>& vector : *list) Normalize(vector);
    }
    for (Pair& pair : examples.pairs_) {
      Normalize(pair.positive);
      Normalize(pair.negative);
    }
  }
  examples.MakeSeeds();
  return examples;
}

float ExampleQuery::Score(std::span<const float> vector) const {
  const auto similarities = [&](const std::vector<std::vector<float>>& examples) {
    std::vector<float> s;
    s.reserve(examples.size());
    for (const std::vector<float>& a : examples) s.push_back(Similarity(metric_, a, vector));
    return s;
  };
  if (form_ == Form::kBestScore) return BestScore(similarities(positive_), similarities(negative_));
  if (form_ == Form::kSumScores) return SumScores(similarities(positive_), similarities(negative_));
  std::vector<PairSimilarities> pairs;
  pairs.reserve(pairs_.size());
  for (const Pair& pair : pairs_) {
    pairs.push_back({.positive = Similarity(metric_, pair.positive, vector),
                     .negative = Similarity(metric_, pair.negative, vector)});
  }
  if (form_ == Form::kContext) return ContextScore(pairs);
  return DiscoverScore(Similarity(metric_, positive_[0], vector), pairs);
}

void ExampleQuery::MakeSeeds() {
  if (form_ == Form::kSumScores) {
    const double excess =
        static_cast<double>(positive_.size()) - static_cast<double>(negative_.size());
    if (metric_ == Metric::kL2 && excess <= 0) return;
    const double scale = metric_ == Metric::kL2 ? 1 / excess : 1;
    std::vector<double> sum((positive_.empty() ? negative_ : positive_)[0].size());
    for (const auto& vector : positive_) {
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += scale * vector[i];
    }
    for (const auto& vector : negative_) {
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] -= scale * vector[i];
    }
    seeds_.emplace_back(sum.begin(), sum.end());
    reduces_ = true;
    return;
  }
  if (form_ == Form::kBestScore && positive_.empty()) {
    // Only with one negative is "far from all" the same as "near its opposite".
    if (metric_ == Metric::kL2 || negative_.size() > 1) return;
    seeds_.push_back(negative_[0]);
    for (float& x : seeds_[0]) x = -x;
    reduces_ = true;
    return;
  }
  seeds_ = positive_;
  for (const Pair& pair : pairs_) seeds_.push_back(pair.positive);
  if (!pairs_.empty()) AddDifference();
}

void ExampleQuery::AddDifference() {
  if (metric_ == Metric::kL2) {
    std::vector<std::vector<float>> positive, negative;
    for (const Pair& pair : pairs_) {
      positive.push_back(pair.positive);
      negative.push_back(pair.negative);
    }
    seeds_.push_back(AverageVector(positive, negative));
    return;
  }
  std::vector<float> sum(pairs_[0].positive.size());
  for (const Pair& pair : pairs_) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += pair.positive[i] - pair.negative[i];
  }
  seeds_.push_back(std::move(sum));
}

bool ExampleQuery::IsSettled(float score, std::span<const float> tails) const {
  assert(tails.size() == seeds_.size());
  if (reduces_) return true;
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  if (std::ranges::count(tails, kNothing) > 0) return true;  // a list with all points
  switch (form_) {
    case Form::kBestScore:
      return score >= ScaledSigmoid(*std::max_element(tails.begin(), tails.end()));
    case Form::kDiscover:
      // No rank is above the number of pairs.
      return score >= static_cast<float>(pairs_.size()) + ScaledSigmoid(tails[0]);
    default:
      return score >= 0;
  }
}

}  // namespace kith
