// CRC-32C (Castagnoli, polynomial 0x1EDC6F41; RFC 3720, B.4), the checksum of every kith file.
//
// Uses the processor's instruction where present (three streams interleaved), a table elsewhere.
// Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kith {

// CRC of `bytes`.  Crc32c of "123456789" is 0xe3069283.
std::uint32_t Crc32c(std::span<const std::byte> bytes);

// CRC of the concatenation A + bytes, given crc = Crc32c(A).  Crc32cExtend(0, b) == Crc32c(b).
std::uint32_t Crc32cExtend(std::uint32_t crc, std::span<const std::byte> bytes);

// The table form, for tests of the fast one.
std::uint32_t Crc32cPortable(std::uint32_t crc, std::span<const std::byte> bytes);

}  // namespace kith
