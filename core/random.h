// Random numbers that are the same on every machine, for every thread count.
//
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011): a keyed bijection of a 128-bit counter.  A value is a
// pure function of (seed, position), so work can be split in any way.
// Test vectors are in docs/formats.md, "Random numbers".
//
// Thread-safe: pure functions; RandomStream is thread-compatible.
#pragma once

#include <array>
#include <cstdint>

namespace kith {

// The four words that the counter (hi, lo) maps to under the key `seed`.
// Counter words, least significant first: lo, lo >> 32, hi, hi >> 32.
std::array<std::uint32_t, 4> Philox(std::uint64_t seed, std::uint64_t hi, std::uint64_t lo);

// 64 bits of Philox: words 0 (low half) and 1.  The project's random hash of a
// pair, for example (node id, column).
std::uint64_t RandomHash(std::uint64_t seed, std::uint64_t hi, std::uint64_t lo);

// The sequence RandomHash(seed, stream, 0), RandomHash(seed, stream, 1), ...
class RandomStream {
 public:
  using result_type = std::uint64_t;
  RandomStream(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  std::uint64_t operator()() { return RandomHash(seed_, stream_, position_++); }
  static constexpr std::uint64_t min() { return 0; }
  static constexpr std::uint64_t max() { return ~std::uint64_t{0}; }

  // Uniform in [0, 1), 53 bits.
  double Uniform();
  // Uniform in [0, bound), without bias.  REQUIRES: bound > 0.
  std::uint64_t Below(std::uint64_t bound);
  // Standard normal (Box-Muller, one of the pair; two draws).  No value is beyond 8.6.
  double Normal();

 private:
  std::uint64_t seed_, stream_, position_ = 0;
};

}  // namespace kith
