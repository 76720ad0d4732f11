// A codec stores vectors as fixed-size codes and measures distances to them.
//
// A query is prepared once and compared with many codes.  HNSW building and search are templates
// over the codec, so that the inner loop has no virtual call; index/codec/any_codec.h lists the
// codecs that exist: a new one is one new file pair and one line there.
//
// Codecs are immutable once trained or loaded and may be used by many threads; a Query belongs
// to one thread and allocates only when constructed.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/bytes.h"
#include "core/data_type.h"
#include "core/matrix.h"
#include "core/result.h"
#include "index/codec/code_kernels.h"
#include "index/codec/codec_kind.h"

namespace kith {

// clang-format off
template <typename C>
concept VectorCodec =
    requires(const C& codec, const C& other, typename C::Query& query, std::span<const float> vector,
             std::uint8_t* code, CodeArray codes, const std::uint32_t* ids, std::size_t count,
             float* distances, MatrixView<const float> sample, Metric metric, ByteWriter& writer,
             ByteReader& reader) {
      { C::kKind } -> std::convertible_to<CodecKind>;
      // Learns from sample rows (all of the codec's dim, all finite, at least one).
      { C::Train(sample, metric, std::uint64_t{}) } -> std::same_as<C>;
      { codec.dim() } -> std::same_as<std::size_t>;          // floats a vector
      { codec.code_bytes() } -> std::same_as<std::size_t>;   // a multiple of 64
      { codec.Encode(vector, code) } -> std::same_as<void>;  // fills all code_bytes()
      // The vector that the code stands for.
      { codec.Decode(code, std::span<float>()) } -> std::same_as<void>;
      { codec.Save(writer) } -> std::same_as<void>;
      { C::Load(reader) } -> std::same_as<Result<C>>;

      requires std::constructible_from<typename C::Query, const C&>;
      { query.Prepare(vector) } -> std::same_as<void>;
      // Prepares the vector that a code stands for.
      { query.PrepareFromCode(code) } -> std::same_as<void>;
      // distances[i] = distance to code ids[i], in the metric trained for (cosine: half the
      // squared distance of the normalised vectors, which they are given as).
      { query.Distances(codes, ids, count, distances) } -> std::same_as<void>;
    };
// clang-format on

}  // namespace kith
