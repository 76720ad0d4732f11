// Inner loops of index/codec/pca_projection.cc, compiled once per instruction set, with the same
// bits on all.  Rows and vectors are padded to multiples of 64 elements.
//
// Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/matrix.h"

namespace kith {

inline constexpr std::size_t kProjectionColsMultiple = 64;
inline constexpr std::size_t kProjectionRowsMultiple = 8;

// bytes[i] = 128 + (vector[i] - mean[i]) / step, rounded to nearest; returns the step, which makes
// the largest difference 127 of them.  Of equal vectors it is 0, and all bytes are 128.  Padding
// is 128.
// REQUIRES: mean and bytes are vector.size() rounded up to a multiple of 64; finite differences.
float QuantizeDifference(std::span<const float> vector, std::span<const float> mean,
                         std::span<std::uint8_t> bytes);

// sums[r] = sum of bytes[i] * matrix[r][i], exact for up to 65536 columns.
// REQUIRES: multiples of 8 rows and 64 columns; bytes.size() == matrix.cols(), sums one a row.
void MultiplyBytes(std::span<const std::uint8_t> bytes, MatrixView<const std::int8_t> matrix,
                   std::span<std::int32_t> sums);

// vector[i] += sum over rows r of weights[r] * matrix[r][i].
// REQUIRES: a multiple of 64 columns; vector is not longer than a row; one weight a row.
void AddWeightedByteRows(std::span<const float> weights, MatrixView<const std::int8_t> matrix,
                         std::span<float> vector);

}  // namespace kith
