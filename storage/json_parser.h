// JSON text to values (core/json_value.h): request bodies, payloads.
//
// Strict RFC 8259: valid UTF-8, one value, nothing behind it but blanks, no NaN or Infinity, no
// comments, no lone surrogates.  Of members with the same key the last counts, in the place of the
// first.  An integer beyond 64 bits becomes the nearest double, and -0 the double -0.0, as in
// serde_json; a number beyond the doubles is an error.
//
// Thread-safe.  Each thread keeps one parser and its buffers, up to kJsonKeptBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/json_value.h"
#include "core/result.h"

namespace kith {

inline constexpr std::size_t kJsonDepthMax = 512;  // what JsonLimits may ask for
inline constexpr std::uint64_t kJsonBytesMax = std::uint64_t{1} << 30;
inline constexpr std::size_t kJsonKeptBytes = std::size_t{4} << 20;

struct JsonLimits {
  std::size_t depth_max = 64;  // arrays and objects inside one another; at most kJsonDepthMax
  std::uint64_t bytes_max = std::uint64_t{32} << 20;  // at most kJsonBytesMax
};

// Errors: kInvalidArgument (not JSON, nested too deep), kResourceExhausted (longer than bytes_max,
// no memory).
Result<JsonValue> ParseJson(std::string_view text, const JsonLimits& limits = {});

}  // namespace kith
