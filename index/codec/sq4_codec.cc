#include "index/codec/sq4_codec.h"

#include <cassert>

#include "index/codec/nibbles.h"

namespace kith {
namespace {

// Steps tried, in standard deviations of the coordinates.  The least squared error of a normal
// distribution is at 0.335 (Max 1960); heavier tails want more.
constexpr double kStepMin = 0.28, kStepMax = 0.8, kStepGrowth = 1.06;

float TrainStep(const Matrix<float>& rotated) {
  const std::span<const float> values(rotated.data(), rotated.rows() * rotated.cols());
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  const double deviation = std::sqrt(sum / static_cast<double>(values.size()));
  if (deviation < 1e-30) return 1.0f;  // all rows equal: any step does
  double best_error = std::numeric_limits<double>::infinity();
  float best = 0;
  for (double step = kStepMin; step < kStepMax; step *= kStepGrowth) {
    double error = 0;
    for (std::size_t r = 0; r < rotated.rows(); ++r) {
      error += NibbleError(rotated.row(r), static_cast<float>(step * deviation));
    }
    if (error < best_error) {
      best_error = error;
      best = static_cast<float>(step * deviation);
    }
  }
  return best;
}

}  // namespace

Sq4Codec::Sq4Codec(Centering centering, Metric metric, float step)
    : centering_(std::move(centering)), metric_(metric), step_(step) {}

Sq4Codec Sq4Codec::Train(MatrixView<const float> sample, Metric metric, std::uint64_t seed) {
  Centering centering = Centering::Train(sample, seed);
  constexpr std::size_t kStepRowsMax = 2000;
  const std::size_t rows = std::min(sample.rows(), kStepRowsMax);
  Matrix<float> rotated(rows, sample.cols());
  for (std::size_t r = 0; r < rows; ++r) {
    centering.Apply(sample.row(r * sample.rows() / rows), rotated.row(r));
  }
  const float step = TrainStep(rotated);
  return Sq4Codec(std::move(centering), metric, step);
}

void Sq4Codec::Encode(std::span<const float> vector, std::uint8_t* code) const {
  assert(vector.size() == dim());
  std::vector<float> rotated(dim());
  centering_.Apply(vector, rotated);
  EncodeNibbles(rotated, step_, lines(), code);
}

void Sq4Codec::Decode(const std::uint8_t* code, std::span<float> vector) const {
  for (std::size_t i = 0; i < vector.size(); ++i) vector[i] = (NibbleAt(code, i) - 7.5f) * step_;
  centering_.Invert(vector, vector);
}

void Sq4Codec::Save(ByteWriter& writer) const {
  centering_.Save(writer);
  writer.Put(metric_);
  writer.Put(step_);
}

Result<Sq4Codec> Sq4Codec::Load(ByteReader& reader) {
  Centering centering = TRY(Centering::Load(reader));
  const auto metric = TRY(reader.Get<Metric>());
  const auto step = TRY(reader.Get<float>());
  if (!(step > 0) || !std::isfinite(step) || metric > Metric::kCosine) {
    return Error{ErrorCode::kCorruption, "sq4 codec: step or metric out of range"};
  }
  return Sq4Codec(std::move(centering), metric, step);
}

Sq4Codec::Query::Query(const Sq4Codec& codec)
    : codec_(&codec),
      rotated_(codec.dim()),
      decoded_(codec.dim()),
      values_(codec.lines() * 128, 0) {}

void Sq4Codec::Query::Prepare(std::span<const float> vector) {
  const std::size_t dim = vector.size();
  const float step = codec_->step_;
  if (codec_->metric_ == Metric::kInnerProduct) {
    const float mean_product = codec_->centering_.ApplyToDirection(vector, rotated_);
    float largest = 1e-30f;
    for (const float x : rotated_) largest = std::max(largest, std::abs(x));
    const float scale = 127.0f / largest;
    int sum = 0;
    for (std::size_t i = 0; i < dim; ++i) {
      const int value = static_cast<int>(std::lrint(rotated_[i] * scale));
      values_[i] = static_cast<std::int8_t>(value);
      sum += value;
    }
    // x'.q = mean.q + step / scale * (sum c Y - 7.5 sum Y)
    factor_ = -step / scale;
    base_ = -mean_product - 7.5f * static_cast<float>(sum) * factor_;
    return;
  }
  codec_->centering_.Apply(vector, rotated_);
  const float scale = 8.0f / step;
  float constant = 0;
  for (std::size_t i = 0; i < dim; ++i) {
    const float y = rotated_[i] * scale;
    const float value = std::clamp(std::nearbyint(y), -127.0f, 127.0f);
    values_[i] = static_cast<std::int8_t>(value);
    // 7.5^2 + 15 y + y^2 in steps, with the part of y beyond int8 kept in the square
    constant += 56.25f + 1.875f * value + y * y * (1.0f / 64);
  }
  const float half = codec_->metric_ == Metric::kCosine ? 0.5f : 1.0f;
  base_ = half * step * step * constant;
  factor_ = -0.25f * half * step * step;
}

void Sq4Codec::Query::PrepareFromCode(const std::uint8_t* code) {
  if (codec_->metric_ == Metric::kInnerProduct) {
    codec_->Decode(code, decoded_);
    Prepare(decoded_);
    return;
  }
  UnpackNibbles(code, codec_->lines(), values_.data());
  int linear = 0, square = 0;
  const std::size_t dim = codec_->dim();
  for (std::size_t i = 0; i < dim; ++i) {
    linear += values_[i];
    square += values_[i] * values_[i];
  }
  for (std::size_t i = dim; i < values_.size(); ++i) values_[i] = 0;
  const float constant = 56.25f * static_cast<float>(dim) + 1.875f * static_cast<float>(linear) +
                         static_cast<float>(square) * (1.0f / 64);
  const float half = codec_->metric_ == Metric::kCosine ? 0.5f : 1.0f;
  base_ = half * codec_->step_ * codec_->step_ * constant;
  factor_ = -0.25f * half * codec_->step_ * codec_->step_;
}

void Sq4Codec::Query::Distances(CodeArray codes, const std::uint32_t* ids, std::size_t count,
                                float* distances) const {
  std::int32_t sums[64];
  for (std::size_t begin = 0; begin < count; begin += 64) {
    const std::size_t part = std::min<std::size_t>(64, count - begin);
    if (codec_->metric_ == Metric::kInnerProduct) {
      Nibble4Dot(values_.data(), codec_->lines(), codes, ids + begin, part, sums);
    } else {
      Nibble4L2(values_.data(), codec_->lines(), codes, ids + begin, part, sums);
    }
    for (std::size_t i = 0; i < part; ++i) {
      distances[begin + i] = base_ + factor_ * static_cast<float>(sums[i]);
    }
  }
}

}  // namespace kith
