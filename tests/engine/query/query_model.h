// The query forms by their definition: a loop over all points of a map, in doubles.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/query/query_request.h"
#include "tests/engine/query/query_fixture.h"

namespace kith {

class QueryModel {
 public:
  explicit QueryModel(const QueryFixture& fixture) : fixture_(fixture) {}

  struct Answer {
    std::map<PointId, double> scores;  // of all points that can be answered
    std::vector<double> best;          // all of them, best first
    bool smaller_first = false;
  };

  // A stage by vectors or examples without prefetches.
  Answer Run(const QueryStage& stage, const Filter* filter = nullptr) const {
    const Metric metric = QueryFixture::Config().vectors.at(stage.using_vector).metric;
    std::set<PointId> excluded;
    Collect(stage.query, excluded);
    Answer answer;
    answer.smaller_first = metric == Metric::kL2 && IsDistance(stage.query);
    for (const auto& [id, point] : fixture_.points()) {
      const auto vector = point.vectors.find(stage.using_vector);
      if (vector == point.vectors.end() || excluded.count(id) > 0) continue;
      if (stage.filter && !fixture_.model().Holds(*stage.filter, point)) continue;
      if (filter != nullptr && !fixture_.model().Holds(*filter, point)) continue;
      const double score = Score(stage, metric, vector->second);
      if (stage.score_threshold) {
        const double bound = *stage.score_threshold;
        if (answer.smaller_first ? score > bound : score < bound) continue;
      }
      answer.scores[id] = score;
      answer.best.push_back(score);
    }
    std::sort(answer.best.begin(), answer.best.end());
    if (!answer.smaller_first) std::reverse(answer.best.begin(), answer.best.end());
    return answer;
  }

  std::vector<float> VectorOf(const std::string& name, const VectorInput& input) const {
    if (const auto* vector = std::get_if<std::vector<float>>(&input)) return *vector;
    return fixture_.points().at(*std::get_if<PointId>(&input)).vectors.at(name);
  }

 private:
  static bool IsDistance(const Query& query) {
    const auto* recommend = std::get_if<RecommendQuery>(&query);
    return std::holds_alternative<NearestQuery>(query) ||
           (recommend != nullptr &&
            recommend->strategy == RecommendQuery::Strategy::kAverageVector);
  }

  static void Collect(const VectorInput& input, std::set<PointId>& ids) {
    if (const auto* id = std::get_if<PointId>(&input)) ids.insert(*id);
  }
  static void Collect(const std::vector<ContextPair>& pairs, std::set<PointId>& ids) {
    for (const ContextPair& pair : pairs) {
      Collect(pair.positive, ids);
      Collect(pair.negative, ids);
    }
  }
  static void Collect(const Query& query, std::set<PointId>& ids) {
    if (const auto* nearest = std::get_if<NearestQuery>(&query)) Collect(nearest->vector, ids);
    if (const auto* recommend = std::get_if<RecommendQuery>(&query)) {
      for (const VectorInput& input : recommend->positive) Collect(input, ids);
      for (const VectorInput& input : recommend->negative) Collect(input, ids);
    }
    if (const auto* discover = std::get_if<DiscoverQuery>(&query)) {
      Collect(discover->target, ids);
      Collect(discover->context, ids);
    }
    if (const auto* context = std::get_if<ContextQuery>(&query)) Collect(context->context, ids);
  }

  static double Similarity(Metric metric, const std::vector<float>& a,
                           const std::vector<float>& b) {
    const double score = CollectionModel::Score(metric, a, b);
    return metric == Metric::kL2 ? -score * score : score;
  }
  static double FastSigmoid(double x) { return x / (1 + std::abs(x)); }
  static double ScaledSigmoid(double x) { return (FastSigmoid(x) + 1) / 2; }

  double Score(const QueryStage& stage, Metric metric, const std::vector<float>& x) const {
    const auto s = [&](const VectorInput& input) {
      return Similarity(metric, VectorOf(stage.using_vector, input), x);
    };
    if (const auto* nearest = std::get_if<NearestQuery>(&stage.query)) {
      return CollectionModel::Score(metric, VectorOf(stage.using_vector, nearest->vector), x);
    }
    if (const auto* recommend = std::get_if<RecommendQuery>(&stage.query)) {
      return Recommend(stage.using_vector, *recommend, metric, x);
    }
    if (const auto* discover = std::get_if<DiscoverQuery>(&stage.query)) {
      double rank = 0;
      for (const ContextPair& pair : discover->context) {
        const double p = s(pair.positive), n = s(pair.negative);
        rank += p > n ? 1 : p < n ? -1 : 0;
      }
      return rank + ScaledSigmoid(s(discover->target));
    }
    double sum = 0;
    for (const ContextPair& pair : std::get_if<ContextQuery>(&stage.query)->context) {
      const double e = std::numeric_limits<float>::epsilon();
      sum += FastSigmoid(std::min(s(pair.positive) - s(pair.negative) - e, 0.0));
    }
    return sum;
  }

  double Recommend(const std::string& name, const RecommendQuery& query, Metric metric,
                   const std::vector<float>& x) const {
    double p = -std::numeric_limits<double>::infinity(), n = p, sum = 0;
    std::vector<double> mean(x.size()), away(x.size());
    for (const VectorInput& input : query.positive) {
      const std::vector<float> a = Stored(name, input);
      const double s = Similarity(metric, a, x);
      p = std::max(p, s);
      sum += s;
      for (std::size_t i = 0; i < x.size(); ++i) {
        mean[i] += a[i] / static_cast<double>(query.positive.size());
      }
    }
    for (const VectorInput& input : query.negative) {
      const std::vector<float> a = Stored(name, input);
      const double s = Similarity(metric, a, x);
      n = std::max(n, s);
      sum -= s;
      for (std::size_t i = 0; i < x.size(); ++i) {
        away[i] += a[i] / static_cast<double>(query.negative.size());
      }
    }
    if (query.strategy == RecommendQuery::Strategy::kBestScore) {
      return p > n ? ScaledSigmoid(p) : -ScaledSigmoid(n);
    }
    if (query.strategy == RecommendQuery::Strategy::kSumScores) return sum;
    std::vector<float> target(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      target[i] = static_cast<float>(query.negative.empty() ? mean[i] : 2 * mean[i] - away[i]);
    }
    return CollectionModel::Score(metric, target, x);
  }

  // What a collection keeps of the vector of a point: cosines are normalised.
  std::vector<float> Stored(const std::string& name, const VectorInput& input) const {
    std::vector<float> vector = VectorOf(name, input);
    if (std::holds_alternative<PointId>(input) && name == "text") Normalize(vector);
    return vector;
  }

  const QueryFixture& fixture_;
};

}  // namespace kith
