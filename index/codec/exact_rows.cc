#include "index/codec/exact_rows.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "core/half.h"
#include "core/prefetch.h"
#include "index/codec/quantize_kernels.h"

namespace kith {
namespace {

DataType ElementType(ExactKind kind) {
  switch (kind) {
    case ExactKind::kF16:
      return DataType::kF16;
    case ExactKind::kU8:
      return DataType::kU8;
    default:
      return DataType::kF32;
  }
}

}  // namespace

ExactRows::ExactRows(ExactKind kind, std::size_t dim, Metric metric, const std::uint8_t* rows)
    : kind_(kind),
      metric_(metric),
      rows_(rows, ElementType(kind), std::numeric_limits<std::uint32_t>::max(), dim,
            RowBytes(kind, dim)) {}

std::size_t ExactRows::RowBytes(ExactKind kind, std::size_t dim) {
  if (kind == ExactKind::kNone) return 0;
  return RoundUp(dim * DataTypeBytes(ElementType(kind)), kCacheLineBytes);
}

void ExactRows::Encode(ExactKind kind, std::span<const float> vector, std::uint8_t* row) {
  std::memset(row, 0, RowBytes(kind, vector.size()));
  switch (kind) {
    case ExactKind::kF32:
      std::memcpy(row, vector.data(), vector.size_bytes());
      break;
    case ExactKind::kF16:
      ToF16(vector, {reinterpret_cast<F16*>(row), vector.size()});
      break;
    case ExactKind::kU8:
      for (std::size_t i = 0; i < vector.size(); ++i) row[i] = static_cast<std::uint8_t>(vector[i]);
      break;
    case ExactKind::kNone:
    case ExactKind::kAuto:
      break;
  }
}

void ExactRows::Decode(std::uint32_t row, std::span<float> vector) const {
  const std::byte* bytes = rows_.row(row);
  switch (kind_) {
    case ExactKind::kF32:
      std::memcpy(vector.data(), bytes, vector.size_bytes());
      break;
    case ExactKind::kF16:
      ToFloat(std::span(reinterpret_cast<const F16*>(bytes), vector.size()), vector);
      break;
    case ExactKind::kU8: {
      const auto* values = reinterpret_cast<const std::uint8_t*>(bytes);
      std::copy(values, values + vector.size(), vector.begin());
      break;
    }
    case ExactKind::kNone:
    case ExactKind::kAuto:
      assert(false);
      break;
  }
}

void ExactRows::Prefetch(std::uint32_t row) const {
  PrefetchLines(rows_.row(row), rows_.stride_bytes / kCacheLineBytes);
}

ExactRows::Query::Query(const ExactRows& rows)
    : rows_(&rows), vector_(rows.dim()), bytes_(rows.dim()) {}

void ExactRows::Query::Prepare(std::span<const float> vector) {
  std::copy(vector.begin(), vector.end(), vector_.begin());
  is_bytes_ = rows_->kind_ == ExactKind::kU8 && rows_->metric_ != Metric::kCosine &&
              ToWholeBytes(vector.data(), vector.size(), bytes_.data());
}

float ExactRows::Query::Distance(std::uint32_t row) const {
  const VectorRows& rows = rows_->rows_;
  if (is_bytes_) {
    const auto* values = reinterpret_cast<const std::uint8_t*>(rows.row(row));
    return static_cast<float>(rows_->metric_ == Metric::kL2
                                  ? SquaredL2(bytes_.data(), values, rows.dim)
                                  : NegativeDot(bytes_.data(), values, rows.dim));
  }
  return kith::Distance(rows_->metric_, vector_.data(), rows, row);
}

}  // namespace kith
