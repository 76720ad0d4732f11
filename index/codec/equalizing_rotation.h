// A rotation that makes uncorrelated coordinates of different variance into dense mixtures that
// all have the same variance, so that one scale fits them all.
//
// Thread-safe: a pure function.  The same bits on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/matrix.h"

namespace kith {

// An orthogonal matrix R (to 1e-5) with equal diagonal entries of R diag(variances) R' (to 1e-4 of
// them).  O(n^3) for n variances, 1 ms at 256.
// REQUIRES: at least one variance; all finite and at least 0.
Matrix<float> EqualizingRotation(std::span<const double> variances, std::uint64_t seed);

}  // namespace kith
