// 16-bit floats as bit patterns: IEEE binary16 and bfloat16.
//
// Round to nearest, ties to even; overflow becomes infinity.  Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kith {

struct F16 {
  std::uint16_t bits = 0;
  friend bool operator==(F16, F16) = default;
};
struct Bf16 {
  std::uint16_t bits = 0;
  friend bool operator==(Bf16, Bf16) = default;
};

F16 ToF16(float value);
float ToFloat(F16 value);
Bf16 ToBf16(float value);
float ToFloat(Bf16 value);

// Whole arrays, with the processor's conversion.  REQUIRES: equal sizes.
void ToF16(std::span<const float> from, std::span<F16> to);
void ToFloat(std::span<const F16> from, std::span<float> to);
void ToBf16(std::span<const float> from, std::span<Bf16> to);
void ToFloat(std::span<const Bf16> from, std::span<float> to);

}  // namespace kith
