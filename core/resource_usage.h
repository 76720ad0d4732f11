// What this process has used so far, as the kernel counts it.  Thread-safe.
#pragma once

#include <cstdint>

namespace kith {

double WallSeconds();           // steady clock; only differences mean something
double ProcessCpuSeconds();     // user + system, all threads
double ThreadCpuSeconds();      // user + system, the calling thread
std::uint64_t ResidentBytes();  // now (VmRSS)
std::uint64_t PeakResidentBytes();

}  // namespace kith
