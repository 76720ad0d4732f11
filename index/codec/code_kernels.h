// Distances from one prepared query to many codes, compiled once per instruction set.
//
// One call a neighbour list.  Results of the integer kernels are the same on every instruction
// set.  Codes must be readable up to their padded length (multiples of 64 bytes).
// Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kith {

// Codes of one index: code i starts at data + i * stride bytes.
struct CodeArray {
  const std::uint8_t* data = nullptr;
  std::size_t stride = 0;
};

// --- 4 bits: lines of 64 bytes hold 128 dims; byte j of a line has dim j in its low and dim
//     64 + j in its high nibble.  The query has one int8 a dim in plain order.

// sums[i] = sum over dims of c * query + 4 * c * (15 - c), exact.  With query = 8 (y - 7.5), the
// sum of (c - y)^2 is a constant of the query minus sums / 4 (nibble_codec.h).
void Nibble4L2(const std::int8_t* query, std::size_t lines, CodeArray codes,
               const std::uint32_t* ids, std::size_t count, std::int32_t* sums);

// sums[i] = sum over dims of c * query, exact.
void Nibble4Dot(const std::int8_t* query, std::size_t lines, CodeArray codes,
                const std::uint32_t* ids, std::size_t count, std::int32_t* sums);

// --- 8 bits: one u8 a dim; `dims` is a multiple of 64, padding holds zeros.

// sums[i] = sum over dims of (8 c - query)^2, exact while it fits (|8 c - query| <= 4095 and
// dims <= 4096: below 2^36, so 64-bit).
void Byte8L2(const std::int16_t* query, std::size_t dims, CodeArray codes, const std::uint32_t* ids,
             std::size_t count, std::int64_t* sums);

// sums[i] = sum over dims of c * query, exact for |query| <= 32767.
void Byte8Dot(const std::int16_t* query, std::size_t dims, CodeArray codes,
              const std::uint32_t* ids, std::size_t count, std::int64_t* sums);

// The 4-bit code as 8 * c - 60 (the query that stands for the code), in plain order.
void UnpackNibbles(const std::uint8_t* code, std::size_t lines, std::int8_t* query);

}  // namespace kith
