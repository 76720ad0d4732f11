// 8 bits a dimension, one scale for all dims and vectors.
//
// x - mean = low + scale * c, c in 0..255; no side data.  Rows that are whole numbers in 0..255 are
// coded as they are (mean 0, low 0, scale 1) and lose nothing.  A query keeps eighths of a step and
// may lie beyond the coded range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/codec/codec.h"

namespace kith {

class Sq8Codec {
 public:
  static constexpr CodecKind kKind = CodecKind::kSq8;

  class Query {
   public:
    explicit Query(const Sq8Codec& codec);  // borrows the codec
    void Prepare(std::span<const float> vector);
    void PrepareFromCode(const std::uint8_t* code);
    void Distances(CodeArray codes, const std::uint32_t* ids, std::size_t count,
                   float* distances) const;

   private:
    const Sq8Codec* codec_;
    std::vector<float> decoded_;
    std::vector<std::int16_t> values_;  // padded to 64
    float base_ = 0, factor_ = 0;       // distance = base + factor * sums
  };

  static Sq8Codec Train(MatrixView<const float> sample, Metric metric, std::uint64_t seed);
  // For rows of whole numbers in 0..255.
  static Sq8Codec Lossless(std::size_t dim, Metric metric);
  std::size_t dim() const { return mean_.size(); }
  std::size_t code_bytes() const { return RoundUp(dim(), 64); }
  bool lossless() const { return lossless_; }
  void Encode(std::span<const float> vector, std::uint8_t* code) const;
  void Decode(const std::uint8_t* code, std::span<float> vector) const;
  void Save(ByteWriter& writer) const;
  static Result<Sq8Codec> Load(ByteReader& reader);

 private:
  Sq8Codec(std::vector<float> mean, Metric metric, float low, float scale, bool lossless);
  std::vector<float> mean_, zeros_;
  Metric metric_;
  float low_, scale_;
  bool lossless_;
};

static_assert(VectorCodec<Sq8Codec>);

}  // namespace kith
