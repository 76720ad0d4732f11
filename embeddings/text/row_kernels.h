// Sums of scaled rows: the inner loop of the encoder and of its training.
//
// Products are rounded before they are added, in the order given, and an element's sum does not
// depend on its neighbours: every instruction set gives the same bits.  Thread-safe: pure
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kith {

// Rows are padded with zeros to a multiple of this many floats.
inline constexpr std::size_t kRowFloats = 16;

struct ScaledRow {
  std::uint32_t row;
  float scale;
};

// out[j] = sum over i of terms[i].scale * rows[terms[i].row * stride + j], for j < width.
// REQUIRES: width and stride are multiples of kRowFloats; out does not overlap the rows.
void SumScaledRows(const float* rows, std::size_t stride, std::span<const ScaledRow> terms,
                   std::size_t width, float* out);

// out[j] += scale * row[j], for j < width.  REQUIRES: width is a multiple of kRowFloats.
void AddScaledRow(const float* row, float scale, std::size_t width, float* out);

}  // namespace kith
