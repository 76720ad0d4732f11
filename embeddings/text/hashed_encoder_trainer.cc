// Training is two steps.  While documents stream past, count in how many of them each feature
// occurs and keep a random sample of their texts.  Then project the sample with the weights that
// follow from the counts, and learn from it which directions of the projection matter.
#include "embeddings/text/hashed_encoder_trainer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "embeddings/text/document_sample.h"
#include "embeddings/text/encoder_model.h"
#include "embeddings/text/feature_counter.h"
#include "embeddings/text/rotation.h"
#include "embeddings/text/text_features.h"

namespace kith {
namespace {

constexpr std::size_t kDocumentsARange = 64;
constexpr std::size_t kRangesABlock = 64;
constexpr std::size_t kSampleDocumentsAtOnce = 1024;
constexpr std::uint64_t kSmallCorpusDocuments = 1000;

Error OutOfRange(const std::string& name, const std::string& range, double found) {
  std::string number = std::to_string(found);
  number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.pop_back();
  return {ErrorCode::kInvalidArgument,
          "text encoder: " + name + ": expected " + range + ", found " + number};
}

Status Check(const HashedEncoderParams& params) {
  const auto in = [](double value, double low, double high) {
    return value >= low && value <= high;  // false for NaN
  };
  if (!in(params.dim, kEncoderDimMin, kEncoderDimMax)) {
    return OutOfRange("dim",
                      std::to_string(kEncoderDimMin) + " to " + std::to_string(kEncoderDimMax),
                      params.dim);
  }
  if (!in(params.columns, params.dim, kEncoderColumnsMax) || params.columns % kRowFloats != 0) {
    return OutOfRange("columns",
                      "a multiple of " + std::to_string(kRowFloats) + " from dim to " +
                          std::to_string(kEncoderColumnsMax),
                      params.columns);
  }
  if (params.learned_percent > 100) {
    return OutOfRange("learned_percent", "0 to 100", params.learned_percent);
  }
  if (!in(params.bigram_weight, 0, 100)) {
    return OutOfRange("bigram_weight", "0 to 100", params.bigram_weight);
  }
  if (!in(params.gram_weight, 0, 100)) {
    return OutOfRange("gram_weight", "0 to 100", params.gram_weight);
  }
  if (!in(params.tf_quarters, 1, 8)) {
    return OutOfRange("tf_quarters", "1 to 8", params.tf_quarters);
  }
  if (!in(params.idf_quarters, 1, 8)) {
    return OutOfRange("idf_quarters", "1 to 8", params.idf_quarters);
  }
  if (!in(static_cast<double>(params.features_max), 1024, 1 << 30)) {
    return OutOfRange("features_max", "1024 to 2^30", static_cast<double>(params.features_max));
  }
  if (params.sample_documents_max == 0) return OutOfRange("sample_documents_max", "1 or more", 0);
  if (!in(params.iterations, 1, 100))
    return OutOfRange("iterations", "1 to 100", params.iterations);
  return {};
}

// The features of one document after another, each once.
class DistinctFeatures {
 public:
  // Calls take(feature) for every different feature of `text`; false if it has no word.
  template <typename Take>
  bool ForEach(std::string_view text, const Take& take) {
    features_.Analyze(text);
    if (features_.words().empty()) return false;
    for (const TextFeatures::Word& word : features_.words()) take(word.feature);
    for (const TextFeatures::Bigram& bigram : features_.bigrams()) take(bigram.feature);
    grams_.clear();
    for (const TextFeatures::Word& word : features_.words()) {
      AppendGramFeatures(features_.text(word), grams_);
    }
    ++document_;
    if (seen_.size() < grams_.size() * 2) {
      seen_.assign(std::bit_ceil(grams_.size() * 2), Seen());
    }
    for (const std::uint64_t gram : grams_) {
      std::size_t i = (gram >> 2) & (seen_.size() - 1);
      while (seen_[i].document == document_ && seen_[i].feature != gram) {
        i = (i + 1) & (seen_.size() - 1);
      }
      if (seen_[i].document == document_) continue;
      seen_[i] = {gram, document_};
      take(gram);
    }
    return true;
  }

 private:
  struct Seen {
    std::uint64_t feature = 0, document = 0;  // of an older document: free
  };
  TextFeatures features_;
  std::vector<std::uint64_t> grams_;
  std::vector<Seen> seen_;
  std::uint64_t document_ = 0;
};

// Projects documents, one after another, to unit rows.
class DocumentProjector {
 public:
  DocumentProjector(const EncoderMeta& meta, const FeatureWeights& weights)
      : meta_(meta), weights_(weights), sums_(meta.columns) {}

  std::vector<ScaledRow> Project(std::string_view text) {
    features_.Analyze(text);
    touched_.clear();
    for (const TextFeatures::Word& word : features_.words()) {
      terms_.clear();
      AppendWordTerms(meta_, weights_, word.feature, features_.text(word), UnknownFeatures::kSkip,
                      grams_, terms_);
      AddTerms(TermFrequencyWeight(meta_, word.count));
    }
    terms_.clear();
    for (const TextFeatures::Bigram& bigram : features_.bigrams()) {
      AppendBigramTerms(meta_, weights_, bigram.feature, bigram.count, UnknownFeatures::kSkip,
                        terms_);
    }
    AddTerms(1.0f);

    double squares = 0;
    std::vector<ScaledRow> row;
    for (const std::uint32_t column : touched_) {
      float& sum = sums_[column];
      if (sum == 0) continue;  // cancelled out, or a column that was touched twice
      row.push_back({column, sum});
      squares += double{sum} * sum;
      sum = 0;
    }
    for (ScaledRow& entry : row) entry.scale = static_cast<float>(entry.scale / std::sqrt(squares));
    return row;
  }

 private:
  void AddTerms(float scale) {
    for (const ScaledRow& term : terms_) {
      if (sums_[term.row] == 0) touched_.push_back(term.row);
      sums_[term.row] += term.scale * scale;
    }
  }

  const EncoderMeta& meta_;
  const FeatureWeights& weights_;
  TextFeatures features_;
  GramList grams_;
  std::vector<ScaledRow> terms_;
  std::vector<std::uint32_t> touched_;
  std::vector<float> sums_;
};

}  // namespace

class HashedEncoderTrainer::Impl {
 public:
  explicit Impl(const HashedEncoderParams& params)
      : params_(params),
        counter_(params.features_max),
        sample_(params.seed, params.sample_documents_max, params.sample_bytes_max) {}

  Status Add(std::span<const std::string_view> texts, ThreadPool& pool,
             const Cancellation& cancellation) {
    for (std::size_t first = 0; first < texts.size();) {
      const std::size_t count = std::min(kDocumentsARange * kRangesABlock, texts.size() - first);
      TRY(AddBlock(texts.subspan(first, count), pool, cancellation));
      first += count;
    }
    return {};
  }

  Result<HashedEncoder> Finish(ThreadPool& pool, const Cancellation& cancellation,
                               Progress& progress) {
    if (stats_.documents == stats_.documents_without_features) {
      return Error{ErrorCode::kInvalidArgument,
                   "text encoder: expected a document with a letter or digit, found " +
                       std::to_string(stats_.documents) + " documents without one"};
    }
    auto model = std::make_unique<EncoderModel>();
    MakeWeights(*model);
    const SparseRows projected = TRY(ProjectSample(*model, pool, cancellation));
    stats_.sample_documents = projected.rows();
    model->meta.learned_dim = static_cast<std::uint32_t>(std::min<std::uint64_t>(
        std::uint64_t{params_.dim} * params_.learned_percent / 100, projected.rows() / 2));
    model->rotation = TRY(LearnRotation(projected,
                                        {.dim = params_.dim,
                                         .learned_dim = model->meta.learned_dim,
                                         .random_scale = RandomScale(model->meta),
                                         .iterations = params_.iterations,
                                         .seed = params_.seed},
                                        pool, cancellation, progress));
    return HashedEncoder(std::move(model));
  }

  const EncoderTrainingStats& stats() const { return stats_; }

 private:
  Status AddBlock(std::span<const std::string_view> texts, ThreadPool& pool,
                  const Cancellation& cancellation) {
    const std::size_t ranges = (texts.size() + kDocumentsARange - 1) / kDocumentsARange;
    if (ranges_.size() < ranges) ranges_.resize(ranges);
    workers_.resize(pool.threads());
    std::vector<std::uint64_t> without(ranges);
    TRY(pool.TryParallelFor(
        texts.size(), kDocumentsARange, cancellation,
        [&](std::size_t begin, std::size_t end, std::size_t worker) -> Status {
          const std::size_t range = begin / kDocumentsARange;
          for (std::vector<std::uint64_t>& shard : ranges_[range]) shard.clear();
          for (std::size_t i = begin; i < end; ++i) {
            const bool any = workers_[worker].ForEach(texts[i], [&](std::uint64_t feature) {
              ranges_[range][FeatureCounter::ShardOf(feature)].push_back(feature);
            });
            if (!any) ++without[range];
          }
          return {};
        }));
    counter_.Add(std::span(ranges_).first(ranges), pool);
    for (const std::string_view text : texts) sample_.Offer(stats_.documents++, text);
    for (const std::uint64_t count : without) stats_.documents_without_features += count;
    stats_.features_held = counter_.features();
    stats_.features_dropped = counter_.drops();
    return {};
  }

  void MakeWeights(EncoderModel& model) {
    const std::uint32_t documents_min = params_.documents_min != 0 ? params_.documents_min
                                        : stats_.documents > kSmallCorpusDocuments ? 2
                                                                                   : 1;
    const std::vector<FeatureCount> counts = counter_.Sorted(documents_min);
    counter_ = FeatureCounter(1024);
    std::vector<std::uint64_t> features;
    std::vector<std::uint32_t> documents;
    for (const FeatureCount& count : counts) {
      features.push_back(count.feature);
      documents.push_back(count.documents);
    }
    model.meta = {.dim = params_.dim,
                  .seed = params_.seed,
                  .documents = stats_.documents,
                  .features = counts.size(),
                  .columns = params_.columns,
                  .tf_quarters = params_.tf_quarters,
                  .idf_quarters = params_.idf_quarters,
                  .bigram_weight = params_.bigram_weight,
                  .gram_weight = params_.gram_weight};
    model.weights = FeatureWeights(std::move(features), std::move(documents), stats_.documents,
                                   params_.idf_quarters);
  }

  Result<SparseRows> ProjectSample(const EncoderModel& model, ThreadPool& pool,
                                   const Cancellation& cancellation) {
    SparseRows projected;
    projected.columns = params_.columns;
    const std::vector<std::string> texts = sample_.Take();
    std::vector<DocumentProjector> projectors(pool.threads(),
                                              DocumentProjector(model.meta, model.weights));
    std::vector<std::vector<ScaledRow>> rows(kSampleDocumentsAtOnce);
    for (std::size_t first = 0; first < texts.size(); first += kSampleDocumentsAtOnce) {
      const std::size_t count = std::min(kSampleDocumentsAtOnce, texts.size() - first);
      TRY(pool.TryParallelFor(
          count, 16, cancellation,
          [&](std::size_t begin, std::size_t end, std::size_t worker) -> Status {
            for (std::size_t i = begin; i < end; ++i) {
              rows[i] = projectors[worker].Project(texts[first + i]);
            }
            return {};
          }));
      for (std::size_t i = 0; i < count; ++i) {
        if (projected.entries.size() + rows[i].size() > params_.sample_nonzeros_max) {
          return projected;
        }
        if (rows[i].empty()) continue;
        projected.entries.insert(projected.entries.end(), rows[i].begin(), rows[i].end());
        projected.starts.push_back(projected.entries.size());
      }
    }
    return projected;
  }

  // Makes the random dimensions stand for all that are left, at the size they would have.
  static float RandomScale(const EncoderMeta& meta) {
    if (meta.learned_dim == 0 || meta.learned_dim == meta.dim) return 1;
    return static_cast<float>(
        std::sqrt(double(meta.columns - meta.learned_dim) / (meta.dim - meta.learned_dim)));
  }

  HashedEncoderParams params_;
  FeatureCounter counter_;
  DocumentSample sample_;
  EncoderTrainingStats stats_;
  std::vector<FeatureCounter::ShardedFeatures> ranges_;
  std::vector<DistinctFeatures> workers_;
};

HashedEncoderTrainer::HashedEncoderTrainer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HashedEncoderTrainer::HashedEncoderTrainer(HashedEncoderTrainer&&) noexcept = default;
HashedEncoderTrainer& HashedEncoderTrainer::operator=(HashedEncoderTrainer&&) noexcept = default;
HashedEncoderTrainer::~HashedEncoderTrainer() = default;

Result<HashedEncoderTrainer> HashedEncoderTrainer::Create(const HashedEncoderParams& params) {
  TRY(Check(params));
  return HashedEncoderTrainer(std::make_unique<Impl>(params));
}

Status HashedEncoderTrainer::Add(std::span<const std::string_view> texts, ThreadPool& pool,
                                 const Cancellation& cancellation) {
  return impl_->Add(texts, pool, cancellation);
}

Result<HashedEncoder> HashedEncoderTrainer::Finish(ThreadPool& pool,
                                                   const Cancellation& cancellation,
                                                   Progress& progress) {
  return impl_->Finish(pool, cancellation, progress);
}

const EncoderTrainingStats& HashedEncoderTrainer::stats() const { return impl_->stats(); }

}  // namespace kith
