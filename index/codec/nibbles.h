// Placing dims in 4-bit codes: see code_kernels.h for the layout of a line.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace kith {

inline std::uint8_t NibbleAt(const std::uint8_t* code, std::size_t dim) {
  const std::uint8_t byte = code[dim / 128 * 64 + dim % 64];
  return dim % 128 < 64 ? byte & 15 : byte >> 4;
}

// Codes every value as round(value / step + 7.5) in 0..15; `code` has `lines` * 64 bytes, all set.
inline void EncodeNibbles(std::span<const float> values, float step, std::size_t lines,
                          std::uint8_t* code) {
  std::memset(code, 0, lines * 64);
  const float scale = step > 0 ? 1.0f / step : 0.0f;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float level = std::clamp(std::floor(values[i] * scale + 8.0f), 0.0f, 15.0f);
    const auto nibble = static_cast<std::uint8_t>(level);
    code[i / 128 * 64 + i % 64] |= static_cast<std::uint8_t>(i % 128 < 64 ? nibble : nibble << 4);
  }
}

// Mean squared error of coding `values` with `step`.
inline double NibbleError(std::span<const float> values, float step) {
  const float scale = 1.0f / step;
  float total = 0;
  for (const float value : values) {
    const float level = std::clamp(std::floor(value * scale + 8.0f), 0.0f, 15.0f);
    const float error = value - (level - 7.5f) * step;
    total += error * error;
  }
  return total / static_cast<double>(values.size());
}

}  // namespace kith
