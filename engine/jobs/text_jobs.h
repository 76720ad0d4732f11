// Text jobs: what `kith train-encoder` and `kith embed-text` do, for any door.
//
// Functions block until done, take part in `pool`, look at `cancellation` between blocks and
// tell `progress` in bytes of input, or in dimensions learned.  Output appears complete or not at
// all.  Errors are those of the readers and writers underneath, with file and line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "embeddings/text/hashed_encoder_trainer.h"

namespace kith {

enum class TextFormat {
  kByExtension,  // JSONL for .jsonl, .ndjson and .json; plain lines for everything else
  kJsonl,
  kPlainLines,
};

struct TextInput {
  std::string path;
  TextFormat format = TextFormat::kByExtension;
  std::vector<std::string> fields = {"text"};  // JSONL: string fields, joined by a space
  bool allow_missing_fields = false;           // count a missing one as empty instead of failing
};

struct TrainEncoderParams {
  TextInput input;
  std::string output;  // encoder file
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
  HashedEncoderParams encoder;
};

struct TrainEncoderReport {
  std::uint64_t documents = 0;
  std::uint64_t documents_without_features = 0;  // no letter or digit
  std::uint64_t text_bytes = 0;
  std::uint64_t features_seen = 0;     // different n-grams met; some twice once any were dropped
  std::uint64_t features_dropped = 0;  // forgotten while counting, to stay within features_max
  std::uint64_t features = 0;          // stored in the encoder
  std::uint64_t sample_documents = 0;  // that the rotation was learned from
  std::uint32_t dim = 0;
  std::uint64_t encoder_bytes = 0;
  double seconds = 0, cpu_seconds = 0, documents_per_s = 0;
  std::uint64_t peak_resident_bytes = 0;
};

// Errors: kInvalidArgument also for dim outside kEncoderDimMin..kEncoderDimMax and for an input
// without any document that has a letter or digit.  An output that exists, or cannot be written,
// is found before the work begins.
Result<TrainEncoderReport> TrainEncoder(const TrainEncoderParams& params, ThreadPool& pool,
                                        const Cancellation& cancellation, Progress& progress);

struct EmbedTextParams {
  std::string encoder;  // encoder file
  TextInput input;
  std::string output;  // vector file; its extension is the format; row i is text i
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
  DataType type = DataType::kF32;
};

inline constexpr std::size_t kRowsReported = 10;

struct EmbedTextReport {
  std::uint64_t documents = 0;
  std::uint32_t dim = 0;
  // Texts without a letter or digit: all get one reserved unit vector, near to none of the others.
  std::uint64_t documents_without_features = 0;
  std::vector<std::uint64_t> rows_without_features;  // the first kRowsReported, from 0
  // Texts of which the encoder knows nothing: their vectors say only which of them are equal.
  std::uint64_t documents_without_known_features = 0;
  std::uint64_t text_bytes = 0;
  double seconds = 0, cpu_seconds = 0, documents_per_s = 0;
  std::uint64_t peak_resident_bytes = 0;
};

Result<EmbedTextReport> EmbedText(const EmbedTextParams& params, ThreadPool& pool,
                                  const Cancellation& cancellation, Progress& progress);

struct EmbeddedQuery {
  std::vector<float> vector;
  EncodedText found;
};

// One text against an encoder file: loads it, so servers keep a HashedEncoder instead.
Result<EmbeddedQuery> EmbedQuery(const std::string& encoder, std::string_view text);

// What the operator should be told about texts that have no vector of their own; empty if none.
std::string WarningOf(const EmbedTextReport& report);

}  // namespace kith
