// The list of codecs, and how a codec known at run time meets code that is a template over it.
#pragma once

#include <cstdint>
#include <utility>
#include <variant>

#include "core/result.h"
#include "index/codec/codec.h"
#include "index/codec/lvq4_codec.h"
#include "index/codec/nibble_codec.h"
#include "index/codec/row_codec.h"
#include "index/codec/sq8_codec.h"

namespace kith {

using AnyCodec = std::variant<FloatCodec, HalfCodec, Sq8Codec, Sq4Codec, Lvq4Codec, Pca4Codec>;

// Learns a codec from a sample.  kAuto takes what walks best: f32 while a vector is one cache line,
// sq8 while that is one line, then 4 bits: pca4 where the principal components that hold the
// variance need fewer lines, else lvq4 where its side data costs no line, else sq4.
// REQUIRES: the sample has rows, all finite.
AnyCodec TrainCodec(CodecKind kind, MatrixView<const float> sample, Metric metric,
                    std::uint64_t seed);

void SaveCodec(const AnyCodec& codec, ByteWriter& writer);
// Errors: kCorruption.
Result<AnyCodec> LoadCodec(ByteReader& reader);

inline CodecKind KindOf(const AnyCodec& codec) {
  return std::visit([](const auto& c) { return std::decay_t<decltype(c)>::kKind; }, codec);
}
inline std::size_t CodeBytes(const AnyCodec& codec) {
  return std::visit([](const auto& c) { return c.code_bytes(); }, codec);
}
inline std::size_t CodecDim(const AnyCodec& codec) {
  return std::visit([](const auto& c) { return c.dim(); }, codec);
}

}  // namespace kith
