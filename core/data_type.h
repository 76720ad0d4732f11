// Element types of stored vectors, and the metrics that compare them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/result.h"

namespace kith {

// Values are written to files: never renumber.
enum class DataType : std::uint8_t { kF32 = 0, kF16 = 1, kBf16 = 2, kU8 = 3, kI8 = 4, kI32 = 5 };

std::size_t DataTypeBytes(DataType type);
std::string_view DataTypeName(DataType type);  // "f32", "f16", "bf16", "u8", "i8", "i32"
Result<DataType> ParseDataType(std::string_view name);

// How near two vectors are.  Everywhere in kith a smaller distance is nearer:
//   l2      sum((a - b)^2), the square root left out
//   ip      -sum(a * b)
//   cosine  1 - sum(a * b) / (|a| |b|); vectors are normalised when they enter
// Values are written to files: never renumber.
enum class Metric : std::uint8_t { kL2 = 0, kInnerProduct = 1, kCosine = 2 };

std::string_view MetricName(Metric metric);  // "l2", "ip", "cosine"
// Error kInvalidArgument lists the names that are known.
Result<Metric> ParseMetric(std::string_view name);

}  // namespace kith
