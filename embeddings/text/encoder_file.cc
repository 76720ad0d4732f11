// The file of a text encoder: docs/formats.md, "Text encoder", has the grammar.  Everything is
// checked before it is used, so that a loaded encoder cannot read out of bounds or return NaN.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "embeddings/text/encoder_model.h"
#include "embeddings/text/hashed_encoder.h"
#include "embeddings/text/text_features.h"
#include "storage/segment_file.h"

namespace kith {
namespace {

constexpr std::string_view kKind = "text-encoder";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kFeaturesMax = std::uint64_t{1} << 30;
constexpr float kRotationValueMax = 1e6f;  // orthonormal rows, some of them scaled
constexpr std::size_t kAppendBytes = std::size_t{1} << 20;

class Section {
 public:
  static Result<Section> Read(const SegmentReader& file, std::string_view name) {
    return Section(file.path(), std::string(name), TRY(file.VerifiedSection(name)));
  }

  Error Wrong(const std::string& what) const {
    return {ErrorCode::kCorruption, path_ + ": section \"" + name_ + "\": " + what};
  }

  template <typename T>
  Result<std::vector<T>> Array(std::uint64_t count) const {
    if (bytes_.size() / sizeof(T) != count || bytes_.size() % sizeof(T) != 0) {
      return Wrong("expected " + std::to_string(count) + " x " + std::to_string(sizeof(T)) +
                   " bytes, found " + std::to_string(bytes_.size()));
    }
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), bytes_.data(), bytes_.size());
    return values;
  }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  Section(std::string path, std::string name, std::span<const std::byte> bytes)
      : path_(std::move(path)), name_(std::move(name)), bytes_(bytes) {}

  std::string path_, name_;
  std::span<const std::byte> bytes_;
};

Result<EncoderMeta> ReadMeta(const SegmentReader& file) {
  const Section section = TRY(Section::Read(file, "meta"));
  std::uint32_t version = 0;
  if (section.bytes().size() < sizeof(version)) return section.Wrong("no version");
  std::memcpy(&version, section.bytes().data(), sizeof(version));
  if (version > kVersion) {
    return Error{ErrorCode::kUnsupported, file.path() + ": text encoder of version " +
                                              std::to_string(version) + ", this program reads " +
                                              std::to_string(kVersion)};
  }
  const EncoderMeta meta = TRY(section.Array<EncoderMeta>(1))[0];
  const auto check = [&](bool holds, const char* name, auto found) -> Status {
    if (holds) return {};
    return section.Wrong(std::string(name) + " out of range: " + std::to_string(found));
  };
  const auto weight = [](float value) { return value >= 0 && value <= 100; };
  TRY(check(meta.version == kVersion, "version", meta.version));
  TRY(check(meta.dim >= 1 && meta.dim <= kEncoderDimMax, "dim", meta.dim));
  TRY(check(meta.columns >= meta.dim && meta.columns <= kEncoderColumnsMax, "columns",
            meta.columns));
  TRY(check(meta.learned_dim <= meta.dim, "learned_dim", meta.learned_dim));
  TRY(check(meta.documents >= 1, "documents", meta.documents));
  TRY(check(meta.features <= kFeaturesMax, "features", meta.features));
  TRY(check(meta.tf_quarters >= 1 && meta.tf_quarters <= 8, "tf_quarters", meta.tf_quarters));
  TRY(check(meta.idf_quarters >= 1 && meta.idf_quarters <= 8, "idf_quarters", meta.idf_quarters));
  TRY(check(weight(meta.bigram_weight), "bigram_weight", meta.bigram_weight));
  TRY(check(weight(meta.gram_weight), "gram_weight", meta.gram_weight));
  return meta;
}

Result<FeatureWeights> ReadWeights(const SegmentReader& file, const EncoderMeta& meta) {
  const Section features_section = TRY(Section::Read(file, "features"));
  auto features = TRY(features_section.Array<std::uint64_t>(meta.features));
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (KindOf(features[i]) == FeatureKind::kReserved) {
      return features_section.Wrong("unknown kind of feature at " + std::to_string(i));
    }
    if (i > 0 && features[i] <= features[i - 1]) {
      return features_section.Wrong("ids not ascending at " + std::to_string(i));
    }
  }
  const Section counts_section = TRY(Section::Read(file, "document_counts"));
  auto counts = TRY(counts_section.Array<std::uint32_t>(meta.features));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0 || counts[i] > meta.documents) {
      return counts_section.Wrong("count of " + std::to_string(counts[i]) + " at " +
                                  std::to_string(i) + ", expected 1 to " +
                                  std::to_string(meta.documents));
    }
  }
  return FeatureWeights(std::move(features), std::move(counts), meta.documents, meta.idf_quarters);
}

Result<Matrix<float>> ReadRotation(const SegmentReader& file, const EncoderMeta& meta) {
  const Section section = TRY(Section::Read(file, "rotation"));
  const auto values = TRY(section.Array<float>(std::uint64_t{meta.columns} * meta.dim));
  Matrix<float> rotation(meta.columns, RoundUp(meta.dim, kRowFloats));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(std::fabs(values[i]) <= kRotationValueMax)) {
      return section.Wrong("value " + std::to_string(values[i]) + " at " + std::to_string(i));
    }
    rotation.row(i / meta.dim)[i % meta.dim] = values[i];
  }
  return rotation;
}

}  // namespace

Result<HashedEncoder> HashedEncoder::Load(const std::string& path) {
  const SegmentReader file = TRY(SegmentReader::Open(path, kKind));
  auto model = std::make_unique<EncoderModel>();
  model->meta = TRY(ReadMeta(file));
  model->weights = TRY(ReadWeights(file, model->meta));
  model->rotation = TRY(ReadRotation(file, model->meta));
  return HashedEncoder(std::move(model));
}

Result<std::uint64_t> HashedEncoder::Save(const std::string& path,
                                          OutputFile::IfExists if_exists) const {
  SegmentWriter file = TRY(SegmentWriter::Create(path, kKind, if_exists));
  TRY(file.AddSection("meta", std::as_bytes(std::span(&model_->meta, 1))));
  TRY(file.AddSection("features", std::as_bytes(model_->weights.features())));
  TRY(file.AddSection("document_counts", std::as_bytes(model_->weights.counts())));
  file.Begin("rotation");
  std::vector<float> rows;  // without padding
  for (std::size_t r = 0; r < model_->rotation.rows(); ++r) {
    const auto row = model_->rotation.row(r).first(model_->meta.dim);
    rows.insert(rows.end(), row.begin(), row.end());
    if (rows.size() * sizeof(float) >= kAppendBytes || r + 1 == model_->rotation.rows()) {
      TRY(file.Append(std::as_bytes(std::span(rows))));
      rows.clear();
    }
  }
  TRY(file.End());
  TRY(file.Commit());
  const File written = TRY(File::Open(path));
  return written.bytes();
}

}  // namespace kith
