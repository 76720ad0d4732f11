// 4 bits a dimension, one step for all dims and vectors, no side data: a 128-d vector is exactly
// one cache line.
//
// The centred, rotated vector x is coded as c = round(x / step + 7.5) in 0..15.  A query y is
// rounded to eighths of a step, y / step = Y / 8 with int8 Y; then
//
//   |y - x'|^2 = step^2 * sum (c - 7.5 - Y / 8)^2
//              = step^2 * (const(Y) - sum c (15 - c) - sum c Y / 4)
//
// where both sums come from the code alone: no norm is stored, no second line is touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/codec/centering.h"
#include "index/codec/codec.h"

namespace kith {

class Sq4Codec {
 public:
  static constexpr CodecKind kKind = CodecKind::kSq4;

  class Query {
   public:
    explicit Query(const Sq4Codec& codec);  // borrows the codec
    void Prepare(std::span<const float> vector);
    void PrepareFromCode(const std::uint8_t* code);
    void Distances(CodeArray codes, const std::uint32_t* ids, std::size_t count,
                   float* distances) const;

   private:
    const Sq4Codec* codec_;
    std::vector<float> rotated_, decoded_;
    std::vector<std::int8_t> values_;  // 128 a line
    float base_ = 0, factor_ = 0;      // distance = base + factor * sums
  };

  static Sq4Codec Train(MatrixView<const float> sample, Metric metric, std::uint64_t seed);
  std::size_t dim() const { return centering_.dim(); }
  std::size_t code_bytes() const { return lines() * 64; }
  void Encode(std::span<const float> vector, std::uint8_t* code) const;
  void Decode(const std::uint8_t* code, std::span<float> vector) const;
  void Save(ByteWriter& writer) const;
  static Result<Sq4Codec> Load(ByteReader& reader);

 private:
  Sq4Codec(Centering centering, Metric metric, float step);
  std::size_t lines() const { return (dim() + 127) / 128; }
  Centering centering_;
  Metric metric_;
  float step_;
};

static_assert(VectorCodec<Sq4Codec>);

}  // namespace kith
