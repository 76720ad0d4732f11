// Trains a HashedEncoder from a stream of documents.
//
//   HashedEncoderTrainer trainer = TRY(HashedEncoderTrainer::Create({.dim = 384}));
//   for (each block) TRY(trainer.Add(texts, pool, cancellation));
//   const HashedEncoder encoder = TRY(trainer.Finish(pool, cancellation, progress));
//
// Memory: 32 bytes for each of features_max features at worst, the sample (sample_bytes_max),
// its projection (16 bytes for each of sample_nonzeros_max) and the rotation.
// The same documents in the same order, parameters and seed give the same encoder for any number
// of threads and any division into blocks.  Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "embeddings/text/hashed_encoder.h"

namespace kith {

// The defaults were chosen by measurement: embeddings/README.md.
struct HashedEncoderParams {
  std::uint32_t dim = 384;  // kEncoderDimMin to kEncoderDimMax
  std::uint64_t seed = 42;
  // Width of the very sparse projection: dim to kEncoderColumnsMax, a multiple of 16.
  std::uint32_t columns = 4096;
  // Dimensions of the rotation that are learned, the others being random; at most half as many
  // as there are documents in the sample.
  std::uint32_t learned_percent = 100;
  // Weights: EncoderMeta (embeddings/text/encoder_model.h) says what they multiply.
  float bigram_weight = 0.3f;
  float gram_weight = 1.0f;
  std::uint32_t tf_quarters = 4;
  std::uint32_t idf_quarters = 5;
  // Features held while counting: at least 1024.  The rarest are dropped when they are more.
  std::uint64_t features_max = std::uint64_t{4} << 20;
  // Of a feature to be known; 0: 1 in a corpus of up to 1000 documents, else 2.
  std::uint32_t documents_min = 0;
  // The documents that the rotation is learned from: those with the lowest random hash.
  std::uint64_t sample_documents_max = 16384;
  std::uint64_t sample_bytes_max = std::uint64_t{64} << 20;
  std::uint64_t sample_nonzeros_max = std::uint64_t{12} << 20;
  std::uint32_t iterations = 2;
};

struct EncoderTrainingStats {
  std::uint64_t documents = 0;
  std::uint64_t documents_without_features = 0;  // no letter or digit
  std::uint64_t features_held = 0;               // while counting, before documents_min
  std::uint64_t features_dropped = 0;  // by features_max, counted again if they return; 0: exact
  std::uint64_t sample_documents = 0;
};

class HashedEncoderTrainer {
 public:
  // Errors: kInvalidArgument names the parameter, its range and its value.
  static Result<HashedEncoderTrainer> Create(const HashedEncoderParams& params);
  HashedEncoderTrainer(HashedEncoderTrainer&&) noexcept;
  HashedEncoderTrainer& operator=(HashedEncoderTrainer&&) noexcept;
  ~HashedEncoderTrainer();

  // Counts documents; their text is not needed afterwards.
  Status Add(std::span<const std::string_view> texts, ThreadPool& pool,
             const Cancellation& cancellation);

  // Errors: kInvalidArgument (no document with a letter or digit), kCancelled.
  // REQUIRES: called once, last.
  Result<HashedEncoder> Finish(ThreadPool& pool, const Cancellation& cancellation,
                               Progress& progress);

  const EncoderTrainingStats& stats() const;

 private:
  class Impl;
  explicit HashedEncoderTrainer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kith
