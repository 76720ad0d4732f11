// The codecs that keep every dimension as a float: f32 (the identity) and f16, rows padded to cache
// lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/codec/codec.h"

namespace kith {

template <CodecKind kRowKind>
class RowCodec {
  static_assert(kRowKind == CodecKind::kF32 || kRowKind == CodecKind::kF16);

 public:
  static constexpr CodecKind kKind = kRowKind;

  class Query {
   public:
    explicit Query(const RowCodec& codec);  // borrows the codec
    void Prepare(std::span<const float> vector);
    void PrepareFromCode(const std::uint8_t* code);
    void Distances(CodeArray codes, const std::uint32_t* ids, std::size_t count,
                   float* distances) const;

   private:
    const RowCodec* codec_;
    std::vector<float> vector_;
  };

  RowCodec(std::size_t dim, Metric metric) : dim_(dim), metric_(metric) {}
  static RowCodec Train(MatrixView<const float> sample, Metric metric, std::uint64_t) {
    return RowCodec(sample.cols(), metric);
  }
  std::size_t dim() const { return dim_; }
  std::size_t code_bytes() const;
  void Encode(std::span<const float> vector, std::uint8_t* code) const;
  void Decode(const std::uint8_t* code, std::span<float> vector) const;
  void Save(ByteWriter& writer) const;
  static Result<RowCodec> Load(ByteReader& reader);

 private:
  std::size_t dim_;
  Metric metric_;
};

using FloatCodec = RowCodec<CodecKind::kF32>;
using HalfCodec = RowCodec<CodecKind::kF16>;

static_assert(VectorCodec<FloatCodec>);
static_assert(VectorCodec<HalfCodec>);

}  // namespace kith
