// The codecs by name.  A code is what a walk compares; exact rows are what re-ranking compares.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/result.h"

namespace kith {

// Values are written to files: never renumber.
enum class CodecKind : std::uint8_t {
  kF32 = 0,   // the vector
  kF16 = 1,   // IEEE half floats
  kSq8 = 2,   // 8 bits a dimension, one scale for all
  kSq4 = 3,   // 4 bits a dimension, one scale for all: no side data, 64 bytes for 128-d
  kLvq4 = 4,  // 4 bits a dimension, range and norm of each vector beside its code
  kPca4 = 5,  // sq4 of the principal components that hold nearly all of the variance
  kAuto = 255,
};

std::string_view CodecName(CodecKind kind);  // "f32", "f16", "sq8", "sq4", "lvq4", "pca4", "auto"
Result<CodecKind> ParseCodec(std::string_view name);

// How exact rows are stored.  Values are written to files: never renumber.
enum class ExactKind : std::uint8_t { kF32 = 0, kF16 = 1, kU8 = 2, kNone = 3, kAuto = 255 };

std::string_view ExactName(ExactKind kind);  // "f32", "f16", "u8", "none", "auto"
Result<ExactKind> ParseExact(std::string_view name);

}  // namespace kith
