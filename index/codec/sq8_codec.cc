#include "index/codec/sq8_codec.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

#include "index/codec/quantize_kernels.h"

namespace kith {
namespace {

constexpr float kEighth = 8.0f;
// Bounds of a query in eighths, so that |8 c - query| <= 4095 (code_kernels.h).
constexpr float kQueryMin = 8 * 255 - 4095, kQueryMax = 4095;

bool AllBytes(MatrixView<const float> sample) {
  std::vector<std::uint8_t> bytes(sample.cols());
  for (std::size_t r = 0; r < sample.rows(); ++r) {
    if (!ToWholeBytes(sample.row(r).data(), sample.cols(), bytes.data())) return false;
  }
  return true;
}

}  // namespace

Sq8Codec::Sq8Codec(std::vector<float> mean, Metric metric, float low, float scale, bool lossless)
    : mean_(std::move(mean)),
      zeros_(mean_.size(), 0.0f),
      metric_(metric),
      low_(low),
      scale_(scale),
      lossless_(lossless) {}

Sq8Codec Sq8Codec::Lossless(std::size_t dim, Metric metric) {
  return Sq8Codec(std::vector<float>(dim, 0.0f), metric, 0, 1, true);
}

Sq8Codec Sq8Codec::Train(MatrixView<const float> sample, Metric metric, std::uint64_t) {
  if (metric != Metric::kCosine && AllBytes(sample)) {
    return Sq8Codec(std::vector<float>(sample.cols(), 0.0f), metric, 0, 1, false);
  }
  std::vector<double> sums(sample.cols(), 0.0);
  for (std::size_t r = 0; r < sample.rows(); ++r) {
    const std::span<const float> row = sample.row(r);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += row[i];
  }
  std::vector<float> mean(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    mean[i] = static_cast<float>(sums[i] / static_cast<double>(sample.rows()));
  }
  float low = std::numeric_limits<float>::infinity(), high = -low;
  for (std::size_t r = 0; r < sample.rows(); ++r) {
    const std::span<const float> row = sample.row(r);
    for (std::size_t i = 0; i < row.size(); ++i) {
      low = std::min(low, row[i] - mean[i]);
      high = std::max(high, row[i] - mean[i]);
    }
  }
  const float scale = high > low ? (high - low) / 255.0f : 1.0f;
  return Sq8Codec(std::move(mean), metric, low, scale, false);
}

void Sq8Codec::Encode(std::span<const float> vector, std::uint8_t* code) const {
  assert(vector.size() == dim());
  std::memset(code + dim(), 0, code_bytes() - dim());
  const float inverse = 1.0f / scale_;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const float level = std::floor((vector[i] - mean_[i] - low_) * inverse + 0.5f);
    code[i] = static_cast<std::uint8_t>(std::clamp(level, 0.0f, 255.0f));
  }
}

void Sq8Codec::Decode(const std::uint8_t* code, std::span<float> vector) const {
  for (std::size_t i = 0; i < vector.size(); ++i) vector[i] = mean_[i] + low_ + scale_ * code[i];
}

void Sq8Codec::Save(ByteWriter& writer) const {
  writer.Put(static_cast<std::uint32_t>(dim()));
  writer.PutArray(std::span<const float>(mean_));
  writer.Put(metric_);
  writer.Put(low_);
  writer.Put(scale_);
  writer.Put(static_cast<std::uint8_t>(lossless_));
}

Result<Sq8Codec> Sq8Codec::Load(ByteReader& reader) {
  const auto dim = TRY(reader.Get<std::uint32_t>());
  std::vector<float> mean = TRY(reader.GetArray<float>(dim));
  const auto metric = TRY(reader.Get<Metric>());
  const auto low = TRY(reader.Get<float>());
  const auto scale = TRY(reader.Get<float>());
  const auto lossless = TRY(reader.Get<std::uint8_t>());
  if (dim == 0 || metric > Metric::kCosine || !(scale > 0) || !std::isfinite(scale) ||
      !std::isfinite(low) || lossless > 1) {
    return Error{ErrorCode::kCorruption, "sq8 codec: parameters out of range"};
  }
  return Sq8Codec(std::move(mean), metric, low, scale, lossless == 1);
}

Sq8Codec::Query::Query(const Sq8Codec& codec)
    : codec_(&codec), decoded_(codec.dim()), values_(codec.code_bytes(), 0) {}

void Sq8Codec::Query::Prepare(std::span<const float> vector) {
  const Sq8Codec& codec = *codec_;
  if (codec.metric_ == Metric::kInnerProduct) {
    float largest = 1e-30f;
    double sum = 0, mean_product = 0;
    for (std::size_t i = 0; i < vector.size(); ++i) {
      largest = std::max(largest, std::abs(vector[i]));
      sum += vector[i];
      mean_product += static_cast<double>(vector[i]) * codec.mean_[i];
    }
    // q.x = q.mean + low sum(q) + scale sum(q c); whole numbers below 32767 stay exact
    const bool whole =
        codec.lossless_ && largest <= 32767 &&
        std::all_of(vector.begin(), vector.end(), [](float x) { return x == std::floor(x); });
    const float scale = whole ? 1.0f : 32767.0f / largest;
    QuantizeToShorts(vector.data(), codec.zeros_.data(), vector.size(), {.scale = scale},
                     values_.data());
    factor_ = -codec.scale_ / scale;
    base_ = static_cast<float>(-mean_product - codec.low_ * sum);
    return;
  }
  QuantizeToShorts(vector.data(), codec.mean_.data(), vector.size(),
                   {codec.low_, kEighth / codec.scale_, kQueryMin, kQueryMax}, values_.data());
  base_ = 0;
  factor_ = codec.scale_ * codec.scale_ / 64 * (codec.metric_ == Metric::kCosine ? 0.5f : 1.0f);
}

void Sq8Codec::Query::PrepareFromCode(const std::uint8_t* code) {
  if (codec_->metric_ == Metric::kInnerProduct) {
    codec_->Decode(code, decoded_);
    Prepare(decoded_);
    return;
  }
  for (std::size_t i = 0; i < values_.size(); ++i) {
    values_[i] = static_cast<std::int16_t>(8 * code[i]);
  }
  base_ = 0;
  factor_ =
      codec_->scale_ * codec_->scale_ / 64 * (codec_->metric_ == Metric::kCosine ? 0.5f : 1.0f);
}

void Sq8Codec::Query::Distances(CodeArray codes, const std::uint32_t* ids, std::size_t count,
                                float* distances) const {
  std::int64_t sums[64];
  for (std::size_t begin = 0; begin < count; begin += 64) {
    const std::size_t part = std::min<std::size_t>(64, count - begin);
    if (codec_->metric_ == Metric::kInnerProduct) {
      Byte8Dot(values_.data(), values_.size(), codes, ids + begin, part, sums);
    } else {
      Byte8L2(values_.data(), values_.size(), codes, ids + begin, part, sums);
    }
    for (std::size_t i = 0; i < part; ++i) {
      distances[begin + i] = base_ + factor_ * static_cast<float>(sums[i]);
    }
  }
}

}  // namespace kith
