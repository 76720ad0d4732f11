// Turning floats into small integers, compiled once per instruction set.
//
// Rounding is to nearest, ties to even.  Thread-safe: pure functions.  Pointers may be unaligned.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kith {

// Largest |values[i]|, 0 for none.
float LargestMagnitude(const float* values, std::size_t count);

struct QuantizedSums {
  std::int32_t linear = 0;  // of the integers
  float square = 0;         // of values[i] * scale, not rounded
};

// out[i] = round(values[i] * scale), bounded to -127 .. 127.
QuantizedSums QuantizeToBytes(const float* values, std::size_t count, float scale,
                              std::int8_t* out);

// out[i] = round((values[i] - mean[i] - low) * scale), bounded to [least, most].
struct ShortRange {
  float low = 0, scale = 1;
  float least = -32767, most = 32767;
};
void QuantizeToShorts(const float* values, const float* mean, std::size_t count,
                      const ShortRange& range, std::int16_t* out);

// levels[i] = round(values[i] / step + 7.5), bounded to 0 .. 15; step 0 gives 8.
void NibbleLevels(const float* values, std::size_t count, float step, std::uint8_t* levels);

// Sum of (values[i] - (level - 7.5) step)^2 over the levels above.
float NibbleError(const float* values, std::size_t count, float step);

// True when every value is a whole number 0 .. 255; then out holds them.
bool ToWholeBytes(const float* values, std::size_t count, std::uint8_t* out);

}  // namespace kith
