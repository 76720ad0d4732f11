#include "embeddings/text/encoder_model.h"

#include <cmath>

#include "embeddings/text/sparse_projection.h"
#include "embeddings/text/text_features.h"

namespace kith {
namespace {

// 0: does not count.
float WeightOf(const FeatureWeights& weights, std::uint64_t feature, UnknownFeatures unknown) {
  const float weight = weights.Find(feature);
  return weight == 0 && unknown == UnknownFeatures::kAsInNoDocument ? weights.unknown() : weight;
}

void AppendEntries(const EncoderMeta& meta, std::uint64_t feature, float weight,
                   std::vector<ScaledRow>& terms) {
  const auto entries = ProjectFeature(meta.seed, feature, meta.columns, weight);
  terms.insert(terms.end(), entries.begin(), entries.end());
}

}  // namespace

void AppendWordTerms(const EncoderMeta& meta, const FeatureWeights& weights, std::uint64_t feature,
                     std::string_view word, UnknownFeatures unknown, GramList& grams,
                     std::vector<ScaledRow>& terms) {
  float word_weight = WeightOf(weights, feature, unknown);
  if (word_weight != 0) AppendEntries(meta, feature, word_weight, terms);
  if (meta.gram_weight == 0) return;

  grams.features.clear();
  AppendGramFeatures(word, grams.features);
  grams.weights.clear();
  double squares = 0;
  for (const std::uint64_t gram : grams.features) {
    const float weight = WeightOf(weights, gram, unknown);
    grams.weights.push_back(weight);
    squares += double{weight} * weight;
  }
  if (squares == 0) return;
  // An unknown word of known grams, a misspelling say, has the weight of the rarest.
  if (word_weight == 0) word_weight = weights.unknown();
  const auto scale =
      static_cast<float>(double{meta.gram_weight} * word_weight / std::sqrt(squares));
  for (std::size_t i = 0; i < grams.features.size(); ++i) {
    if (grams.weights[i] == 0) continue;
    AppendEntries(meta, grams.features[i], grams.weights[i] * scale, terms);
  }
}

void AppendBigramTerms(const EncoderMeta& meta, const FeatureWeights& weights,
                       std::uint64_t feature, std::uint32_t count, UnknownFeatures unknown,
                       std::vector<ScaledRow>& terms) {
  if (meta.bigram_weight == 0) return;
  const float weight = WeightOf(weights, feature, unknown);
  if (weight == 0) return;
  AppendEntries(meta, feature, weight * meta.bigram_weight * TermFrequencyWeight(meta, count),
                terms);
}

}  // namespace kith
