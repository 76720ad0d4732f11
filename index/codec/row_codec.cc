#include "index/codec/row_codec.h"

#include <algorithm>
#include <cassert>

#include "core/distance.h"
#include "index/codec/exact_rows.h"
#include "index/vector_index.h"

namespace kith {
namespace {

constexpr ExactKind RowsOf(CodecKind kind) {
  return kind == CodecKind::kF16 ? ExactKind::kF16 : ExactKind::kF32;
}

}  // namespace

template <CodecKind kRowKind>
std::size_t RowCodec<kRowKind>::code_bytes() const {
  return ExactRows::RowBytes(RowsOf(kRowKind), dim_);
}

template <CodecKind kRowKind>
void RowCodec<kRowKind>::Encode(std::span<const float> vector, std::uint8_t* code) const {
  assert(vector.size() == dim_);
  ExactRows::Encode(RowsOf(kRowKind), vector, code);
}

template <CodecKind kRowKind>
void RowCodec<kRowKind>::Decode(const std::uint8_t* code, std::span<float> vector) const {
  ExactRows(RowsOf(kRowKind), dim_, metric_, code).Decode(0, vector);
}

template <CodecKind kRowKind>
void RowCodec<kRowKind>::Save(ByteWriter& writer) const {
  writer.Put(static_cast<std::uint32_t>(dim_));
  writer.Put(metric_);
}

template <CodecKind kRowKind>
Result<RowCodec<kRowKind>> RowCodec<kRowKind>::Load(ByteReader& reader) {
  const auto dim = TRY(reader.Get<std::uint32_t>());
  const auto metric = TRY(reader.Get<Metric>());
  if (dim == 0 || metric > Metric::kCosine) {
    return Error{ErrorCode::kCorruption,
                 std::string(CodecName(kRowKind)) + " codec: dim or metric out of range"};
  }
  return RowCodec(dim, metric);
}

template <CodecKind kRowKind>
RowCodec<kRowKind>::Query::Query(const RowCodec& codec) : codec_(&codec), vector_(codec.dim()) {}

template <CodecKind kRowKind>
void RowCodec<kRowKind>::Query::Prepare(std::span<const float> vector) {
  std::copy(vector.begin(), vector.end(), vector_.begin());
}

template <CodecKind kRowKind>
void RowCodec<kRowKind>::Query::PrepareFromCode(const std::uint8_t* code) {
  codec_->Decode(code, vector_);
}

template <CodecKind kRowKind>
void RowCodec<kRowKind>::Query::Distances(CodeArray codes, const std::uint32_t* ids,
                                          std::size_t count, float* distances) const {
  // Half the squared distance orders like the cosine and loses less to rounding near 0.
  const Metric metric =
      codec_->metric_ == Metric::kInnerProduct ? Metric::kInnerProduct : Metric::kL2;
  const VectorRows rows(codes.data, kRowKind == CodecKind::kF16 ? DataType::kF16 : DataType::kF32,
                        kIndexRowsMax, codec_->dim(), codes.stride);
  DistanceGather(metric, vector_.data(), rows, {ids, count}, {distances, count});
  if (codec_->metric_ == Metric::kCosine) {
    for (std::size_t i = 0; i < count; ++i) distances[i] *= 0.5f;
  }
}

template class RowCodec<CodecKind::kF32>;
template class RowCodec<CodecKind::kF16>;

}  // namespace kith
