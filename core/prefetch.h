// Asking for cache lines before they are needed.
//
// GCC 12 may reduce a loop of prefetches over consecutive lines to its first line when the loop
// ends up inside a large function.  The signal fence (it emits no instruction) keeps every line,
// so all prefetch loops of the project go through here.
//
// Thread-safe.  Any address is allowed: a prefetch never faults.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/aligned_buffer.h"

namespace kith {

// The `lines` cache lines from the one that holds `address` on, into every cache level.
inline void PrefetchLines(const void* address, std::size_t lines) {
  const char* line = static_cast<const char*>(address);
  for (std::size_t i = 0; i < lines; ++i) {
    __builtin_prefetch(line + i * kCacheLineBytes, /*for writing=*/0, /*locality=*/3);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

// How many cache lines [address, address + bytes) touches.
inline std::size_t CacheLines(const void* address, std::size_t bytes) {
  const std::size_t before = reinterpret_cast<std::uintptr_t>(address) % kCacheLineBytes;
  return (before + bytes + kCacheLineBytes - 1) / kCacheLineBytes;
}

// Every line of [address, address + bytes).
inline void PrefetchBytes(const void* address, std::size_t bytes) {
  PrefetchLines(address, CacheLines(address, bytes));
}

// Longer rows are streamed by the processor itself once their head is there: asking for all 49
// lines of 784 floats took 407 ns a row, for the first 24 of them 302 ns, for none 430 ns
// (bench/kernels_bench, Gather/memory).
inline constexpr std::size_t kPrefetchRowLinesMax = 24;

// A row that will be read whole.
inline void PrefetchRow(const void* row, std::size_t bytes) {
  const std::size_t lines = CacheLines(row, bytes);
  PrefetchLines(row, lines < kPrefetchRowLinesMax ? lines : kPrefetchRowLinesMax);
}

// How many rows ahead a walk over scattered rows asks for: enough to keep about 32 lines under
// way, at least one row.  The same benchmark is flat between 16 and 64 lines.
inline std::size_t PrefetchDistance(std::size_t row_bytes) {
  const std::size_t lines = row_bytes / kCacheLineBytes + 1;
  return lines >= 32 ? 1 : (32 + lines - 1) / lines;
}

}  // namespace kith
