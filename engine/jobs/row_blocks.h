// How many rows of a vector file jobs read at a time.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kith {

inline constexpr std::uint64_t kBlockBytes = std::uint64_t{8} << 20;

// Rows of `row_bytes` each in a block of about kBlockBytes; at least one.
constexpr std::uint64_t RowsPerBlock(std::uint64_t row_bytes) {
  return std::max<std::uint64_t>(1, kBlockBytes / std::max<std::uint64_t>(1, row_bytes));
}

}  // namespace kith
