#include "embeddings/text/encoder_model.h"

#include "embeddings/text/sparse_projection.h"
#include "embeddings/text/text_features.h"

namespace kith {
namespace {

void AppendFeature(const EncoderMeta& meta, const FeatureWeights& weights, std::uint64_t feature,
                   float scale, UnknownFeatures unknown, std::vector<ScaledRow>& terms) {
  float weight = weights.Find(feature);
  if (weight == 0) {
    if (unknown == UnknownFeatures::kSkip) return;
    weight = weights.unknown();
  }
  const auto entries = ProjectFeature(meta.seed, feature, meta.columns, weight * scale);
  terms.insert(terms.end(), entries.begin(), entries.end());
}

}  // namespace

void AppendWordTerms(const EncoderMeta& meta, const FeatureWeights& weights, std::uint64_t feature,
                     std::string_view word, UnknownFeatures unknown,
                     std::vector<std::uint64_t>& grams, std::vector<ScaledRow>& terms) {
  AppendFeature(meta, weights, feature, 1.0f, unknown, terms);
  if (meta.gram_weight == 0) return;
  grams.clear();
  AppendGramFeatures(word, grams);
  for (const std::uint64_t gram : grams) {
    AppendFeature(meta, weights, gram, meta.gram_weight, unknown, terms);
  }
}

void AppendBigramTerms(const EncoderMeta& meta, const FeatureWeights& weights,
                       std::uint64_t feature, std::uint32_t count, UnknownFeatures unknown,
                       std::vector<ScaledRow>& terms) {
  if (meta.bigram_weight == 0) return;
  AppendFeature(meta, weights, feature, meta.bigram_weight * TermFrequencyWeight(meta, count),
                unknown, terms);
}

}  // namespace kith
