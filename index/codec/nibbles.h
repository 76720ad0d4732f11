// Placing dims in 4-bit codes: see code_kernels.h for the layout of a line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "index/codec/quantize_kernels.h"

namespace kith {

inline std::uint8_t NibbleAt(const std::uint8_t* code, std::size_t dim) {
  const std::uint8_t byte = code[dim / 128 * 64 + dim % 64];
  return dim % 128 < 64 ? byte & 15 : byte >> 4;
}

// Codes every value as its NibbleLevel; `code` has `lines` * 64 bytes, all set.
inline void EncodeNibbles(std::span<const float> values, float step, std::size_t lines,
                          std::uint8_t* code) {
  std::uint8_t levels[128];
  for (std::size_t line = 0; line < lines; ++line) {
    const std::size_t first = line * 128;
    const std::size_t count = std::min<std::size_t>(128, values.size() - first);
    std::memset(levels, 0, sizeof(levels));
    NibbleLevels(values.data() + first, count, step, levels);
    for (std::size_t j = 0; j < 64; ++j) {
      code[line * 64 + j] = static_cast<std::uint8_t>(levels[j] | levels[64 + j] << 4);
    }
  }
}

}  // namespace kith
