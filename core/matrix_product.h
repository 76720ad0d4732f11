// Products of float matrices, compiled once per instruction set, with the same bits on all.
//
// Every element of a product is a sum in one fixed order: blocks of 256 terms, each summed from
// its first term to its last, products rounded before they are added.  So the error of an element
// is at most (256 + terms / 256 + 1) * 2^-24 of the sum of its absolute terms, and no instruction
// set, processor or thread count changes a result.
//
// Thread-safe: pure functions.  Results may not overlap operands.  Values must stay finite.
#pragma once

#include <span>

#include "core/matrix.h"

namespace kith {

enum class ProductUpdate { kSet, kAdd, kSubtract };  // what happens to the result's old value

// result = a b, result += a b or result -= a b.
// REQUIRES: a.cols() == b.rows(); result is a.rows() x b.cols().
void MultiplyMatrices(MatrixView<const float> a, MatrixView<const float> b, ProductUpdate update,
                      MatrixView<float> result);

// gram = rows' rows, of which only one half is computed: symmetric to the bit.
// REQUIRES: gram is rows.cols() x rows.cols().
void GramMatrix(MatrixView<const float> rows, MatrixView<float> gram);

// result = a'.  REQUIRES: result is a.cols() x a.rows().
void TransposeMatrix(MatrixView<const float> a, MatrixView<float> result);

// y += factor x.  REQUIRES: x.size() == y.size().
void AddScaled(float factor, std::span<const float> x, std::span<float> y);

}  // namespace kith
