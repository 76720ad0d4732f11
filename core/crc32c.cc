// CRC-32C as polynomial arithmetic over GF(2), bits reflected: bit 31 of a word is x^0.
//
// The processor's crc32 instruction takes 8 bytes with a latency of three cycles and a throughput
// of one, so one stream runs at a third of the unit's speed.  Here three neighbouring blocks are
// summed side by side and joined: the CRC of A B is crc(A) * x^(8 |B|) + crc(B), and the product
// by that constant is four look-ups in a table made at compile time, one table a block length.
// Long blocks (4 KiB) make the join free for large inputs, short ones (256 bytes) serve the rest.
//
// The table form ("slicing by 8": Kounavis and Berry, 2005) takes 8 bytes by eight look-ups.
//
// Rejected: joining by carry-less multiplication or folding with PCLMULQDQ/VPCLMULQDQ. Faster
// still in cache, but checksums here are read from memory or disk, which are slower than this.
#include "core/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace kith {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // 0x1EDC6F41 reflected
constexpr std::uint32_t kOne = 0x80000000;         // x^0

constexpr std::uint32_t TimesX(std::uint32_t a) {
  return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0);
}

constexpr std::uint32_t Multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = TimesX(b);
  }
  return product;
}

constexpr std::uint32_t PowerOfX(std::uint64_t exponent) {
  std::uint32_t power = kOne, square = TimesX(kOne);
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = Multiply(power, square);
    square = Multiply(square, square);
  }
  return power;
}

using ByteTable = std::array<std::uint32_t, 256>;

// table[i][b]: what byte b followed by i zero bytes adds to a CRC.
constexpr std::array<ByteTable, 8> MakeSlicingTables() {
  std::array<ByteTable, 8> tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (ByteTable& table : tables) {
      for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
      table[b] = crc;
    }
  }
  return tables;
}
constexpr std::array<ByteTable, 8> kSlicing = MakeSlicingTables();

std::uint64_t LoadWord(const std::byte* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// The functions below work on the register: the CRC with all bits inverted.

std::uint32_t UpdateByte(std::uint32_t state, std::byte byte) {
  return (state >> 8) ^ kSlicing[0][(state ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
}

std::uint32_t UpdatePortable(std::uint32_t state, std::span<const std::byte> bytes) {
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, next += 8) {
    const std::uint64_t word = LoadWord(next) ^ state;
    state = 0;
    for (int i = 0; i < 8; ++i) state ^= kSlicing[7 - i][(word >> (8 * i)) & 0xff];
  }
  for (; left > 0; --left, ++next) state = UpdateByte(state, *next);
  return state;
}

#if defined(__x86_64__)

constexpr std::size_t kLongBlockBytes = 4096, kShortBlockBytes = 256;

// table[i][b]: byte i of a register, shifted past `bytes` zero bytes.
constexpr std::array<ByteTable, 4> MakeShiftTables(std::uint64_t bytes) {
  const std::uint32_t power = PowerOfX(8 * bytes);
  std::array<ByteTable, 4> tables{};
  for (std::uint32_t i = 0; i < 4; ++i) {
    for (std::uint32_t b = 0; b < 256; ++b) tables[i][b] = Multiply(b << (8 * i), power);
  }
  return tables;
}
constexpr std::array<ByteTable, 4> kShiftLong = MakeShiftTables(kLongBlockBytes);
constexpr std::array<ByteTable, 4> kShiftShort = MakeShiftTables(kShortBlockBytes);

std::uint32_t Shift(const std::array<ByteTable, 4>& tables, std::uint64_t state) {
  return tables[0][state & 0xff] ^ tables[1][(state >> 8) & 0xff] ^
         tables[2][(state >> 16) & 0xff] ^ tables[3][(state >> 24) & 0xff];
}

// Takes as many groups of three blocks as there are.
__attribute__((target("sse4.2"))) std::uint64_t UpdateThreeStreams(
    std::uint64_t state, std::span<const std::byte>& bytes, std::size_t block_bytes,
    const std::array<ByteTable, 4>& shift) {
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * block_bytes; left -= 3 * block_bytes, next += 3 * block_bytes) {
    std::uint64_t second = 0, third = 0;
    for (std::size_t i = 0; i < block_bytes; i += 8) {
      state = _mm_crc32_u64(state, LoadWord(next + i));
      second = _mm_crc32_u64(second, LoadWord(next + i + block_bytes));
      third = _mm_crc32_u64(third, LoadWord(next + i + 2 * block_bytes));
    }
    state = Shift(shift, state) ^ second;
    state = Shift(shift, state) ^ third;
  }
  bytes = {next, left};
  return state;
}

__attribute__((target("sse4.2"))) std::uint32_t UpdateSse42(std::uint32_t register_value,
                                                            std::span<const std::byte> bytes) {
  std::uint64_t state = register_value;
  state = UpdateThreeStreams(state, bytes, kLongBlockBytes, kShiftLong);
  state = UpdateThreeStreams(state, bytes, kShortBlockBytes, kShiftShort);
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, next += 8) state = _mm_crc32_u64(state, LoadWord(next));
  auto narrow = static_cast<std::uint32_t>(state);
  for (; left > 0; --left, ++next) {
    narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*next));
  }
  return narrow;
}

using Update = std::uint32_t (*)(std::uint32_t, std::span<const std::byte>);

Update FastestUpdate() { return __builtin_cpu_supports("sse4.2") ? UpdateSse42 : UpdatePortable; }

#else

auto FastestUpdate() { return &UpdatePortable; }

#endif

}  // namespace

std::uint32_t Crc32cExtend(std::uint32_t crc, std::span<const std::byte> bytes) {
  static const auto update = FastestUpdate();
  return ~update(~crc, bytes);
}

std::uint32_t Crc32c(std::span<const std::byte> bytes) { return Crc32cExtend(0, bytes); }

std::uint32_t Crc32cPortable(std::uint32_t crc, std::span<const std::byte> bytes) {
  return ~UpdatePortable(~crc, bytes);
}

}  // namespace kith
