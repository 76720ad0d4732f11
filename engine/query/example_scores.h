// Scores of a point by its similarity to examples: recommend, discover, context.
//
// Let s(a) be the similarity of the point to example a; larger is nearer.  With
// fsig(x) = x / (1 + |x|) and sig(x) = (fsig(x) + 1) / 2:
//
//   best_score   sig(p) if p > n, else -sig(n), with p = max s(positive), n = max s(negative)
//   sum_scores   sum s(positive) - sum s(negative)
//   context      sum over the pairs of fsig(min(s(positive) - s(negative) - e, 0)), e = FLT_EPSILON
//   discover     rank + sig(s(target)), rank = sum over the pairs of +1 if s(positive) >
//                s(negative), -1 if it is smaller, 0 if they are equal
//
// These are Qdrant's formulas and similarities, so that scores agree.  Pure functions, thread-safe.
#pragma once

#include <span>
#include <vector>

#include "core/data_type.h"

namespace kith {

// Cosine (of normalised vectors) and inner product, and minus the *squared* Euclidean distance.
// REQUIRES: equal sizes.
float Similarity(Metric metric, std::span<const float> a, std::span<const float> b);

// The score of a search by the metric: the similarity, or the Euclidean distance.
float ScoreOfSimilarity(Metric metric, float similarity);

float FastSigmoid(float x);    // fsig
float ScaledSigmoid(float x);  // sig

struct PairSimilarities {
  float positive = 0, negative = 0;
};

float BestScore(std::span<const float> positive, std::span<const float> negative);
float SumScores(std::span<const float> positive, std::span<const float> negative);
float ContextScore(std::span<const PairSimilarities> pairs);
float DiscoverScore(float target, std::span<const PairSimilarities> pairs);

// 2 mean(positive) - mean(negative), or mean(positive) without negatives: what average_vector looks
// for.  REQUIRES: a positive; equal sizes.
std::vector<float> AverageVector(std::span<const std::vector<float>> positive,
                                 std::span<const std::vector<float>> negative);

}  // namespace kith
