#include "engine/jobs/text_jobs.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "core/matrix.h"
#include "core/resource_usage.h"
#include "embeddings/text/hashed_encoder.h"
#include "storage/jsonl.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

// What is read, and then worked on by all threads.
constexpr std::size_t kBlockTexts = 4096;
constexpr std::size_t kBlockTextBytes = std::size_t{8} << 20;
constexpr std::size_t kTextsARange = 16;

bool IsJsonl(const TextInput& input) {
  if (input.format != TextFormat::kByExtension) return input.format == TextFormat::kJsonl;
  constexpr std::array<std::string_view, 3> kExtensions = {".jsonl", ".ndjson", ".json"};
  return std::any_of(kExtensions.begin(), kExtensions.end(),
                     [&](std::string_view extension) { return input.path.ends_with(extension); });
}

Result<std::unique_ptr<TextReader>> OpenTexts(const TextInput& input) {
  if (!IsJsonl(input)) return OpenPlainLines(input.path, kJsonlLineBytesMax);
  return OpenJsonl(input.path,
                   {.fields = input.fields, .allow_missing = input.allow_missing_fields});
}

// Calls work(block) for all texts of `reader`.
template <typename Work>
Status ForEachBlock(TextReader& reader, std::string_view stage, const Cancellation& cancellation,
                    Progress& progress, const Work& work) {
  progress.Start(stage, reader.file_bytes());
  std::uint64_t bytes_told = 0;
  for (;;) {
    TRY(cancellation.Check());
    const TextBlock block = TRY(reader.Next(kBlockTexts, kBlockTextBytes));
    if (!block.empty()) TRY(work(block));
    progress.Advance(reader.bytes_read() - std::exchange(bytes_told, reader.bytes_read()));
    if (block.empty()) return {};
  }
}

// An output that is there already, or cannot be made, fails here rather than after the work.
Status CheckOutput(const std::string& path, OutputFile::IfExists if_exists) {
  TRY(OutputFile::Create(path, if_exists));
  return {};
}

// Time since it was made, for the reports.
class Stopwatch {
 public:
  template <typename Report>
  void Fill(Report& report) const {
    report.seconds = WallSeconds() - wall_seconds_;
    report.cpu_seconds = ProcessCpuSeconds() - cpu_seconds_;
    report.documents_per_s =
        report.seconds > 0 ? static_cast<double>(report.documents) / report.seconds : 0;
    report.peak_resident_bytes = PeakResidentBytes();
  }

 private:
  double wall_seconds_ = WallSeconds(), cpu_seconds_ = ProcessCpuSeconds();
};

class BlockEncoder {
 public:
  BlockEncoder(const HashedEncoder& encoder, ThreadPool& pool)
      : encoder_(encoder), pool_(pool), found_(kBlockTexts), vectors_(kBlockTexts, encoder.dim()) {
    for (std::size_t i = 0; i < pool.threads(); ++i) scratch_.emplace_back(encoder);
  }

  // The vectors of the block's texts, until the next call; the report counts them.
  Result<MatrixView<const float>> Encode(const TextBlock& block, const Cancellation& cancellation,
                                         EmbedTextReport& report) {
    TRY(pool_.TryParallelFor(block.size(), kTextsARange, cancellation,
                             [&](std::size_t begin, std::size_t end, std::size_t worker) -> Status {
                               for (std::size_t i = begin; i < end; ++i) {
                                 found_[i] = encoder_.Encode(block.text(i), vectors_.row(i),
                                                             scratch_[worker]);
                               }
                               return {};
                             }));
    for (std::size_t i = 0; i < block.size(); ++i) {
      const std::uint64_t row = report.documents++;
      if (!found_[i].has_features) {
        ++report.documents_without_features;
        if (report.rows_without_features.size() < kRowsReported) {
          report.rows_without_features.push_back(row);
        }
      } else if (!found_[i].has_known_features) {
        ++report.documents_without_known_features;
      }
    }
    report.text_bytes += block.bytes();
    return std::as_const(vectors_).view().rows(0, block.size());
  }

 private:
  const HashedEncoder& encoder_;
  ThreadPool& pool_;
  std::vector<HashedEncoder::Scratch> scratch_;  // one a worker
  std::vector<EncodedText> found_;
  Matrix<float> vectors_;
};

}  // namespace

Result<TrainEncoderReport> TrainEncoder(const TrainEncoderParams& params, ThreadPool& pool,
                                        const Cancellation& cancellation, Progress& progress) {
  const Stopwatch stopwatch;
  HashedEncoderTrainer trainer = TRY(HashedEncoderTrainer::Create(params.encoder));
  const std::unique_ptr<TextReader> reader = TRY(OpenTexts(params.input));
  TRY(CheckOutput(params.output, params.if_exists));

  TrainEncoderReport report;
  std::vector<std::string_view> texts;
  const auto count = [&](const TextBlock& block) -> Status {
    texts.clear();
    for (std::size_t i = 0; i < block.size(); ++i) texts.push_back(block.text(i));
    report.text_bytes += block.bytes();
    return trainer.Add(texts, pool, cancellation);
  };
  TRY(ForEachBlock(*reader, "count features", cancellation, progress, count));
  auto trained = trainer.Finish(pool, cancellation, progress);
  if (!trained.ok()) {
    Error error = std::move(trained).error();
    if (error.code == ErrorCode::kInvalidArgument) {
      error.message = params.input.path + ": " + error.message;
    }
    return error;
  }
  const HashedEncoder encoder = std::move(trained).value();
  report.encoder_bytes = TRY(encoder.Save(params.output, params.if_exists));

  const EncoderTrainingStats& stats = trainer.stats();
  report.documents = stats.documents;
  report.documents_without_features = stats.documents_without_features;
  report.features_seen = stats.features_held + stats.features_dropped;
  report.features_dropped = stats.features_dropped;
  report.features = encoder.features();
  report.sample_documents = stats.sample_documents;
  report.dim = encoder.dim();
  stopwatch.Fill(report);
  return report;
}

Result<EmbedTextReport> EmbedText(const EmbedTextParams& params, ThreadPool& pool,
                                  const Cancellation& cancellation, Progress& progress) {
  const Stopwatch stopwatch;
  const HashedEncoder encoder = TRY(HashedEncoder::Load(params.encoder));
  const std::unique_ptr<TextReader> reader = TRY(OpenTexts(params.input));
  const std::unique_ptr<VectorWriter> writer =
      TRY(VectorWriter::Create(params.output, params.type, encoder.dim(), params.if_exists));

  EmbedTextReport report;
  report.dim = encoder.dim();
  BlockEncoder block_encoder(encoder, pool);
  const auto embed = [&](const TextBlock& block) -> Status {
    const MatrixView<const float> vectors = TRY(block_encoder.Encode(block, cancellation, report));
    return writer->AppendF32(vectors);
  };
  TRY(ForEachBlock(*reader, "embed", cancellation, progress, embed));
  TRY(writer->Commit());
  stopwatch.Fill(report);
  return report;
}

Result<EmbeddedQuery> EmbedQuery(const std::string& encoder, std::string_view text) {
  const HashedEncoder loaded = TRY(HashedEncoder::Load(encoder));
  HashedEncoder::Scratch scratch(loaded);
  EmbeddedQuery query;
  query.vector.resize(loaded.dim());
  query.found = loaded.Encode(text, query.vector, scratch);
  return query;
}

std::string WarningOf(const EmbedTextReport& report) {
  std::string warning;
  if (report.documents_without_features > 0) {
    warning = std::to_string(report.documents_without_features) +
              " texts have no letter or digit and share one vector, near to no other: rows ";
    for (const std::uint64_t row : report.rows_without_features) {
      if (!warning.ends_with(' ')) warning += ", ";
      warning += std::to_string(row);
    }
    if (report.documents_without_features > report.rows_without_features.size()) warning += ", ...";
  }
  if (report.documents_without_known_features > 0) {
    if (!warning.empty()) warning += "; ";
    warning += std::to_string(report.documents_without_known_features) +
               " texts have no word that the encoder knows: was it trained on other texts?";
  }
  return warning;
}

}  // namespace kith
