// A text's vector is the rotation of the weighted sum of its features' projections.  Projection
// and rotation are linear, so the sum may be taken word by word: the vector of a word (itself and
// its character n-grams, some 25 features of 4 columns each) is computed once and kept while the
// word is frequent, and a text costs one scaled row a different word and four rows a bigram.
// That is why a text's count of a word dampens the word with its n-grams together, rather than
// each n-gram on its own; quality is the same or better (embeddings/README.md).
#include "embeddings/text/hashed_encoder.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include "core/distance64.h"
#include "embeddings/text/encoder_model.h"
#include "embeddings/text/sparse_projection.h"
#include "embeddings/text/text_features.h"
#include "embeddings/text/word_cache.h"

namespace kith {
namespace {

constexpr std::size_t kCacheBytes = std::size_t{8} << 20;

}  // namespace

class HashedEncoder::Scratch::Impl {
 public:
  explicit Impl(const EncoderModel& model)
      : model_(model),
        width_(model.rotation.cols()),
        cache_(width_, kCacheBytes),
        word_(width_),
        sum_(width_) {}

  // Adds up the features of the analysed text; false if none counts.
  bool Sum(UnknownFeatures unknown) {
    std::fill(sum_.begin(), sum_.end(), 0.0f);
    bool any = false;
    for (const TextFeatures::Word& word : features_.words()) {
      const float* const vector = WordVector(word, unknown);
      if (vector == nullptr) continue;
      any = true;
      AddScaledRow(vector, TermFrequencyWeight(model_.meta, word.count), width_, sum_.data());
    }
    terms_.clear();
    for (const TextFeatures::Bigram& bigram : features_.bigrams()) {
      AppendBigramTerms(model_.meta, model_.weights, bigram.feature, bigram.count, unknown, terms_);
    }
    if (!terms_.empty()) {
      any = true;
      Rotate(word_.data());
      AddScaledRow(word_.data(), 1.0f, width_, sum_.data());
    }
    return any;
  }

  // The sum at length 1; false if it has none.
  bool Normalize(std::span<float> out) const {
    const double length = std::sqrt(DotInF64(sum_.data(), sum_.data(), sum_.size()));
    if (!(length > 0)) return false;
    for (std::size_t j = 0; j < out.size(); ++j) out[j] = static_cast<float>(sum_[j] / length);
    return true;
  }

  void Reserved(std::span<float> out) {
    const auto entries =
        ProjectFeature(model_.meta.seed, kReservedFeature, model_.meta.columns, 1.0f);
    terms_.assign(entries.begin(), entries.end());
    Rotate(sum_.data());
    if (Normalize(out)) return;
    std::fill(out.begin(), out.end(), 0.0f);
    out[0] = 1;
  }

  TextFeatures features_;

 private:
  // nullptr for a word without a feature that counts.
  const float* WordVector(const TextFeatures::Word& word, UnknownFeatures unknown) {
    const bool use_cache = unknown == UnknownFeatures::kSkip;
    if (use_cache) {
      if (const float* const cached = cache_.Find(word.feature)) return cached;
    }
    terms_.clear();
    AppendWordTerms(model_.meta, model_.weights, word.feature, features_.text(word), unknown,
                    grams_, terms_);
    if (terms_.empty()) return nullptr;
    float* const admitted = use_cache ? cache_.Admit(word.feature) : nullptr;
    float* const vector = admitted != nullptr ? admitted : word_.data();
    Rotate(vector);
    return vector;
  }

  void Rotate(float* out) const {
    SumScaledRows(model_.rotation.data(), width_, terms_, width_, out);
  }

  const EncoderModel& model_;
  std::size_t width_;
  WordCache cache_;
  GramList grams_;
  std::vector<ScaledRow> terms_;
  std::vector<float> word_, sum_;
};

HashedEncoder::Scratch::Scratch(const HashedEncoder& encoder)
    : impl_(std::make_unique<Impl>(encoder.model())) {}
HashedEncoder::Scratch::~Scratch() = default;
HashedEncoder::Scratch::Scratch(Scratch&&) noexcept = default;

HashedEncoder::HashedEncoder(std::unique_ptr<const EncoderModel> model)
    : model_(std::move(model)) {}
HashedEncoder::HashedEncoder(HashedEncoder&&) noexcept = default;
HashedEncoder& HashedEncoder::operator=(HashedEncoder&&) noexcept = default;
HashedEncoder::~HashedEncoder() = default;

std::uint32_t HashedEncoder::dim() const { return model_->meta.dim; }
std::uint64_t HashedEncoder::seed() const { return model_->meta.seed; }
std::uint64_t HashedEncoder::documents() const { return model_->meta.documents; }
std::uint64_t HashedEncoder::features() const { return model_->meta.features; }

EncodedText HashedEncoder::Encode(std::string_view text, std::span<float> out,
                                  Scratch& scratch) const {
  assert(out.size() == dim());
  Scratch::Impl& work = *scratch.impl_;
  work.features_.Analyze(text);
  EncodedText encoded;
  encoded.has_features = !work.features_.words().empty();
  encoded.has_known_features = work.Sum(UnknownFeatures::kSkip);
  if (encoded.has_features && !encoded.has_known_features) {
    work.Sum(UnknownFeatures::kAsInNoDocument);
  }
  if (!encoded.has_features || !work.Normalize(out)) work.Reserved(out);
  return encoded;
}

}  // namespace kith
