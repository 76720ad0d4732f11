// 4 bits a dimension, one step for all dims and vectors, no side data: 128 dims are exactly one
// cache line.
//
// The transformed vector x is coded as c = round(x / step + 7.5) in 0..15.  A query y is rounded to
// eighths of a step, y / step = Y / 8 with int8 Y; then
//
//   |y - x'|^2 = step^2 * sum (c - 7.5 - Y / 8)^2
//              = step^2 * (const(Y) - sum c (15 - c) - sum c Y / 4)
//
// where both sums come from the code alone: no norm is stored, no second line is touched.
//
// Two transforms: sq4 centres and rotates; pca4 also keeps only the principal components that hold
// nearly all of the variance (after Tepper et al., LeanVec, TMLR 2024), so that a code is shorter
// by as much.  What pca4 leaves out is missing from its distances, hence re-ranking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/codec/centering.h"
#include "index/codec/codec.h"
#include "index/codec/pca_projection.h"

namespace kith {

template <class Transform, CodecKind kNibbleKind>
class NibbleCodec {
 public:
  static constexpr CodecKind kKind = kNibbleKind;

  class Query {
   public:
    explicit Query(const NibbleCodec& codec);  // borrows the codec
    void Prepare(std::span<const float> vector);
    void PrepareFromCode(const std::uint8_t* code);
    void Distances(CodeArray codes, const std::uint32_t* ids, std::size_t count,
                   float* distances) const;

   private:
    void SetConstants(float linear, float square);
    const NibbleCodec* codec_;
    std::vector<float> transformed_, decoded_;
    std::vector<std::int8_t> values_;  // 128 a line
    float base_ = 0, factor_ = 0;      // distance = base + factor * sums
  };

  static NibbleCodec Train(MatrixView<const float> sample, Metric metric, std::uint64_t seed);
  std::size_t dim() const { return transform_.dim(); }
  std::size_t rank() const { return transform_.rank(); }  // dims coded
  std::size_t code_bytes() const { return lines() * 64; }
  void Encode(std::span<const float> vector, std::uint8_t* code) const;
  void Decode(const std::uint8_t* code, std::span<float> vector) const;
  void Save(ByteWriter& writer) const;
  static Result<NibbleCodec> Load(ByteReader& reader);

 private:
  NibbleCodec(Transform transform, Metric metric, float step);
  std::size_t lines() const { return (rank() + 127) / 128; }
  Transform transform_;
  Metric metric_;
  float step_;
};

using Sq4Codec = NibbleCodec<Centering, CodecKind::kSq4>;
using Pca4Codec = NibbleCodec<PcaProjection, CodecKind::kPca4>;

static_assert(VectorCodec<Sq4Codec>);
static_assert(VectorCodec<Pca4Codec>);

}  // namespace kith
