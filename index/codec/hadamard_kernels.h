// The Walsh-Hadamard transform, compiled once per instruction set.
//
// Thread-safe: a pure function.
#pragma once

#include <cstddef>

namespace kith {

// In place and unnormalised: applying it twice multiplies by `size`.  O(size log size).
// REQUIRES: size is a power of two.
void Hadamard(float* values, std::size_t size);

}  // namespace kith
