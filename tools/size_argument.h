// Amounts of memory as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace kith {

// "1000000", "512MiB", "2GiB", "1.5G", "64 kb" in bytes.
//
//   size := number [unit];  number := digits ["." digits]
//   unit := B | K | KiB | M | MiB | G | GiB | T | TiB   (powers of 1024)
//         | KB | MB | GB | TB                           (powers of 1000)
// Letters of either case; a space may stand before the unit.  A fraction of a byte is dropped.
// Errors: kInvalidArgument for anything else, for a size below one byte and for one that
// 63 bits do not hold.
Result<std::uint64_t> ParseSize(std::string_view text);

// "1.50 GiB", "12 B": three significant digits and the unit in powers of 1024.
std::string FormatSize(std::uint64_t bytes);

}  // namespace kith
