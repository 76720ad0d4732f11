#include "index/codec/lvq4_codec.h"

#include <cassert>
#include <limits>

#include "index/codec/nibbles.h"

namespace kith {

Lvq4Codec::Lvq4Codec(Centering centering, Metric metric)
    : centering_(std::move(centering)), metric_(metric) {}

Lvq4Codec Lvq4Codec::Train(MatrixView<const float> sample, Metric metric, std::uint64_t seed) {
  return Lvq4Codec(Centering::Train(sample, seed), metric);
}

Lvq4Codec::Tail Lvq4Codec::TailOf(const std::uint8_t* code) const {
  Tail tail;
  std::memcpy(&tail, code + code_bytes() - sizeof(Tail), sizeof(Tail));
  return tail;
}

void Lvq4Codec::Encode(std::span<const float> vector, std::uint8_t* code) const {
  assert(vector.size() == dim());
  std::vector<float> rotated(dim());
  centering_.Apply(vector, rotated);
  const float largest = LargestMagnitude(rotated.data(), rotated.size());
  Tail tail{0, 0};
  if (largest > 0) {
    // From the whole range down: clipping the few largest values lets the others be finer.
    double best = std::numeric_limits<double>::infinity();
    for (float range = 1.0f; range > 0.5f; range -= 0.08f) {
      const float step = largest * range / 7.5f;
      const double error = NibbleError(rotated.data(), rotated.size(), step);
      if (error < best) {
        best = error;
        tail.step = step;
      }
    }
  }
  std::memset(code, 0, code_bytes());
  EncodeNibbles(rotated, tail.step, lines(), code);
  for (std::size_t i = 0; i < dim(); ++i) {
    const float value = (NibbleAt(code, i) - 7.5f) * tail.step;
    tail.norm += value * value;
  }
  std::memcpy(code + code_bytes() - sizeof(Tail), &tail, sizeof(Tail));
}

void Lvq4Codec::Decode(const std::uint8_t* code, std::span<float> vector) const {
  const float step = TailOf(code).step;
  for (std::size_t i = 0; i < vector.size(); ++i) vector[i] = (NibbleAt(code, i) - 7.5f) * step;
  centering_.Invert(vector, vector);
}

void Lvq4Codec::Save(ByteWriter& writer) const {
  centering_.Save(writer);
  writer.Put(metric_);
}

Result<Lvq4Codec> Lvq4Codec::Load(ByteReader& reader) {
  Centering centering = TRY(Centering::Load(reader));
  const auto metric = TRY(reader.Get<Metric>());
  if (metric > Metric::kCosine) {
    return Error{ErrorCode::kCorruption, "lvq4 codec: metric out of range"};
  }
  return Lvq4Codec(std::move(centering), metric);
}

Lvq4Codec::Query::Query(const Lvq4Codec& codec)
    : codec_(&codec), rotated_(codec.dim()), values_(codec.lines() * 128, 0) {}

void Lvq4Codec::Query::Quantize() {
  const float largest = std::max(LargestMagnitude(rotated_.data(), rotated_.size()), 1e-30f);
  scale_ = largest / 127.0f;
  const QuantizedSums sums =
      QuantizeToBytes(rotated_.data(), rotated_.size(), 127.0f / largest, values_.data());
  offset_ = 7.5f * static_cast<float>(sums.linear);
  norm_ = sums.square * scale_ * scale_;
}

void Lvq4Codec::Query::Prepare(std::span<const float> vector) {
  if (codec_->metric_ == Metric::kInnerProduct) {
    const float mean_product = codec_->centering_.ApplyToDirection(vector, rotated_);
    Quantize();
    norm_ = -mean_product;
  } else {
    codec_->centering_.Apply(vector, rotated_);
    Quantize();
  }
}

void Lvq4Codec::Query::PrepareFromCode(const std::uint8_t* code) {
  if (codec_->metric_ == Metric::kInnerProduct) {
    codec_->Decode(code, rotated_);
    const std::vector<float> decoded = rotated_;
    Prepare(decoded);
    return;
  }
  UnpackNibbles(code, codec_->lines(), values_.data());
  int sum = 0;
  for (std::size_t i = 0; i < codec_->dim(); ++i) sum += values_[i];
  for (std::size_t i = codec_->dim(); i < values_.size(); ++i) values_[i] = 0;
  const Tail tail = codec_->TailOf(code);
  scale_ = tail.step / 8;
  offset_ = 7.5f * static_cast<float>(sum);
  norm_ = tail.norm;
}

void Lvq4Codec::Query::Distances(CodeArray codes, const std::uint32_t* ids, std::size_t count,
                                 float* distances) const {
  std::int32_t sums[64];
  for (std::size_t begin = 0; begin < count; begin += 64) {
    const std::size_t part = std::min<std::size_t>(64, count - begin);
    Nibble4Dot(values_.data(), codec_->lines(), codes, ids + begin, part, sums);
    for (std::size_t i = 0; i < part; ++i) {
      const Tail tail = codec_->TailOf(codes.data + ids[begin + i] * codes.stride);
      const float product = tail.step * scale_ * (static_cast<float>(sums[i]) - offset_);
      switch (codec_->metric_) {
        case Metric::kL2:
          distances[begin + i] = norm_ + tail.norm - 2 * product;
          break;
        case Metric::kCosine:
          distances[begin + i] = 0.5f * (norm_ + tail.norm) - product;
          break;
        case Metric::kInnerProduct:
          distances[begin + i] = norm_ - product;
          break;
      }
    }
  }
}

}  // namespace kith
