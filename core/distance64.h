// Float64 sums over vectors: the reference that approximate distances are checked against.
//
// Eight interleaved partial sums, products rounded before they are added (no fused multiply-add),
// in one fixed order: every instruction set gives the same bits.  Relative error at most
// (dim / 8 + 6) * 2^-53 of the sum of absolute terms.
//
// Thread-safe: pure functions.  Pointers may be unaligned; nothing outside a row is read.
#pragma once

#include <cstddef>

#include "core/data_type.h"
#include "core/distance.h"

namespace kith {

double SquaredL2InF64(const float* a, const float* b, std::size_t dim);
double DotInF64(const float* a, const float* b, std::size_t dim);

// A float query against a row of any type.  Cosine is 1 - dot: both sides are normalised already.
double DistanceInF64(Metric metric, const float* query, const VectorRows& rows, std::size_t row);

}  // namespace kith
