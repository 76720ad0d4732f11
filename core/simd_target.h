// Which instruction set the kernels use: the best one of this machine, unless a test asks for
// another.  Names are Highway's: "AVX3_DL" (AVX-512 with VNNI), "AVX3", "AVX2", "SSE4" and the
// portable one, "SCALAR" when g++ is older than 12.3 (it miscompiles "EMU128"), else "EMU128".
#pragma once

#include <string>
#include <vector>

namespace kith {

// Every target compiled in that this processor can run, best first.
std::vector<std::string> SimdTargets();

// Name of the one in use, for logs and benchmark labels.
std::string SimdTargetName();

// Makes all kernels use one of SimdTargets(); an empty name goes back to the best.
// Not thread-safe: for tests and benchmarks, while no kernel runs.  Returns false for a name
// not in the list.
bool UseSimdTarget(const std::string& name);

}  // namespace kith
