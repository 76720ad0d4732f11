// The examples of a stage as vectors, and the score they give to a vector.
//
// Private to engine/query.  Thread-compatible.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/data_type.h"
#include "core/result.h"
#include "engine/collection/collection.h"
#include "engine/query/query_context.h"
#include "engine/query/query_request.h"

namespace kith {

// Turns the examples of a stage into vectors.
class ExampleSource {
 public:
  // Errors: kInvalidArgument (no such vector name), kNotFound (the collection of lookup_from).
  static Result<ExampleSource> Of(const QueryContext& context, const QueryStage& stage);

  Metric metric() const { return metric_; }
  // The vector itself, or that of the point.  Errors: kNotFound (no such point, or it has no such
  // vector), kInvalidArgument (another size, NaN).
  Result<std::vector<float>> Resolve(const VectorInput& input);
  Result<std::vector<std::vector<float>>> Resolve(std::span<const VectorInput> inputs);
  // Points named as examples: left out of the answer.  Ascending, each once.
  std::vector<std::uint32_t> TakeExcluded();

 private:
  ExampleSource(const Collection& collection, const QueryStage& stage)
      : collection_(&collection), using_vector_(stage.using_vector) {}

  const Collection* collection_;
  std::shared_ptr<const Collection> lookup_;  // null: examples are points of the collection itself
  std::string using_vector_, lookup_vector_;
  std::uint32_t size_ = 0;
  Metric metric_ = Metric::kCosine;
  std::vector<std::uint32_t> excluded_;
};

// A query scored by examples: recommend by best_score or sum_scores, discover, context.
class ExampleQuery {
 public:
  enum class Form : std::uint8_t { kBestScore, kSumScores, kDiscover, kContext };
  struct Pair {
    std::vector<float> positive, negative;
  };

  // The stage's query as one of these forms; cosine examples are normalised.
  // REQUIRES: it is one of these.  Errors: those of ExampleSource, kInvalidArgument (no examples).
  static Result<ExampleQuery> Of(const Query& query, ExampleSource& source);

  // Larger is better.  `vector` as stored.
  float Score(std::span<const float> vector) const;

  // Vectors whose nearest points are candidates for the best scores; empty: there are none, only a
  // scan finds them.
  const std::vector<std::vector<float>>& seeds() const { return seeds_; }

  // Can no point beyond the nearest lists beat `score`?  tails[i] is the least similarity in the
  // list of seeds()[i] (-infinity: the list has all points).
  bool IsSettled(float score, std::span<const float> tails) const;

 private:
  ExampleQuery(Form form, Metric metric) : form_(form), metric_(metric) {}
  void MakeSeeds();
  void AddDifference();

  Form form_;
  Metric metric_;
  std::vector<std::vector<float>> positive_, negative_;  // discover: the target is positive_[0]
  std::vector<Pair> pairs_;
  std::vector<std::vector<float>> seeds_;
  bool reduces_ = false;  // the score is a growing function of the similarity to seeds_[0]
};

}  // namespace kith
