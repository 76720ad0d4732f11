// 4 bits a dimension with a step for each vector, after Aguerrebere et al.: "Similarity search in
// the blink of an eye with compressed indices" (LVQ, VLDB 2023).
//
// The centred, rotated vector x is coded as x' = step (c - 7.5), step chosen for the least error of
// that vector; step and |x'|^2 stand in the last 8 bytes of the code: free of charge where the last
// line has room (784 dims), else a cache line of their own (128 or 768 dims: sq4 is better there).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/codec/centering.h"
#include "index/codec/codec.h"

namespace kith {

class Lvq4Codec {
 public:
  static constexpr CodecKind kKind = CodecKind::kLvq4;

  class Query {
   public:
    explicit Query(const Lvq4Codec& codec);  // borrows the codec
    void Prepare(std::span<const float> vector);
    void PrepareFromCode(const std::uint8_t* code);
    void Distances(CodeArray codes, const std::uint32_t* ids, std::size_t count,
                   float* distances) const;

   private:
    void Quantize();
    const Lvq4Codec* codec_;
    std::vector<float> rotated_;
    std::vector<std::int8_t> values_;  // 128 a line
    float norm_ = 0;    // of the rotated query; for ip, minus its product with the mean
    float scale_ = 0;   // rotated = scale * values
    float offset_ = 0;  // 7.5 * sum of values
  };

  static Lvq4Codec Train(MatrixView<const float> sample, Metric metric, std::uint64_t seed);
  std::size_t dim() const { return centering_.dim(); }
  std::size_t code_bytes() const { return (lines() + (TailFits() ? 0 : 1)) * 64; }
  void Encode(std::span<const float> vector, std::uint8_t* code) const;
  void Decode(const std::uint8_t* code, std::span<float> vector) const;
  void Save(ByteWriter& writer) const;
  static Result<Lvq4Codec> Load(ByteReader& reader);

 private:
  struct Tail {
    float step, norm;
  };
  Lvq4Codec(Centering centering, Metric metric);
  std::size_t lines() const { return (dim() + 127) / 128; }
  // The last line's nibbles leave its last 8 bytes free.
  bool TailFits() const { return dim() % 128 != 0 && dim() % 128 <= 64 - sizeof(Tail); }
  Tail TailOf(const std::uint8_t* code) const;
  Centering centering_;
  Metric metric_;
};

static_assert(VectorCodec<Lvq4Codec>);

}  // namespace kith
