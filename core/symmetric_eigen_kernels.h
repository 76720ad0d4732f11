// Inner loops of core/symmetric_eigen.cc, compiled once per instruction set, with the same bits on
// all: sums run over rows in order and products are rounded before they are added.
//
// Thread-safe: pure functions.  Spans must not overlap the matrices.
#pragma once

#include <cstdint>
#include <span>

#include "core/matrix.h"

namespace kith {

// sums[j] = sum over rows i of weights[i] * rows[i][j].
void SumWeightedRows(std::span<const double> weights, MatrixView<const double> rows,
                     std::span<double> sums);

// matrix[i][j] -= x[i] * y[j].
void SubtractOuterProduct(std::span<const double> x, std::span<const double> y,
                          MatrixView<double> matrix);

// matrix[i][j] -= x[i] * y[j] + y[i] * x[j], which keeps a symmetric matrix symmetric.
// REQUIRES: square.
void SubtractSymmetricProduct(std::span<const double> x, std::span<const double> y,
                              MatrixView<double> matrix);

// Turns rows `row` (r) and `row` + 1 (s): s' = sine r + cosine s, r' = cosine r - sine s.
struct PlaneRotation {
  double cosine, sine;
  std::uint32_t row;
};

// Applies rotations in order.
void RotateRows(std::span<const PlaneRotation> rotations, MatrixView<double> rows);

}  // namespace kith
