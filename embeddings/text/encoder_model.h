// What a text encoder consists of, and how a word becomes terms of the projection.  For the
// encoder, its trainer and its file; others use hashed_encoder.h.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/matrix.h"
#include "embeddings/text/feature_weights.h"
#include "embeddings/text/row_kernels.h"

namespace kith {

// The section "meta" of an encoder file: written as it stands, little endian.
struct EncoderMeta {
  std::uint32_t version = 1;
  std::uint32_t dim = 0;
  std::uint64_t seed = 0;
  std::uint64_t documents = 0;     // trained on
  std::uint64_t features = 0;      // known
  std::uint32_t columns = 0;       // of the sparse projection
  std::uint32_t learned_dim = 0;   // leading dimensions of the rotation that were learned
  std::uint32_t tf_quarters = 0;   // a word's weight is (count in the text)^(tf_quarters / 4)
  std::uint32_t idf_quarters = 0;  //   * idf^(idf_quarters / 4)
  float bigram_weight = 0;         // a bigram's the same, times this
  float gram_weight = 0;           // length of a word's grams together, its own weight being 1
};
static_assert(sizeof(EncoderMeta) == 56);

struct EncoderModel {
  EncoderMeta meta;
  FeatureWeights weights;
  Matrix<float> rotation;  // meta.columns rows of meta.dim, padded to kRowFloats
};

// How features outside the model count.
enum class UnknownFeatures { kSkip, kAsInNoDocument };

// Scratch of AppendWordTerms.
struct GramList {
  std::vector<std::uint64_t> features;
  std::vector<float> weights;
};

// Appends the entries of a word and of its grams, for one occurrence.  Grams weigh against each
// other by idf^(idf_quarters / 4), and together gram_weight times the word.
void AppendWordTerms(const EncoderMeta& meta, const FeatureWeights& weights, std::uint64_t feature,
                     std::string_view word, UnknownFeatures unknown, GramList& grams,
                     std::vector<ScaledRow>& terms);

// Those of a bigram that occurs `count` times in the text.
void AppendBigramTerms(const EncoderMeta& meta, const FeatureWeights& weights,
                       std::uint64_t feature, std::uint32_t count, UnknownFeatures unknown,
                       std::vector<ScaledRow>& terms);

// (occurrences in a text)^(tf_quarters / 4).
inline float TermFrequencyWeight(const EncoderMeta& meta, std::uint32_t count) {
  return count == 1 ? 1.0f : static_cast<float>(QuarterPower(count, meta.tf_quarters));
}

}  // namespace kith
