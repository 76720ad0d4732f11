// Philox4x32-10.  Ten rounds of a substitution-permutation network on four 32-bit words: two
// 32x32 -> 64-bit products mix, the key is added and steps by two odd constants a round (the
// golden ratio and sqrt(3) - 1, as Weyl sequences).  It passes TestU01's BigCrush, needs no state
// and no table.  Its 20 multiplications form two chains: about 60 cycles for a value that depends
// on the one before, 40 for independent ones.
//
// Rejected: a linear or xorshift generator (a stream per item needs jump-ahead and a seed hash
// of its own), splitmix64 of the pair (faster, but pairs on a lattice give correlated columns),
// <random>'s distributions (the standard leaves their sequences to the implementation).
#include "core/random.h"

#include <cassert>
#include <cmath>
#include <numbers>

namespace kith {
namespace {

// Constants of the paper, section 4.
constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

constexpr std::uint32_t Low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
constexpr std::uint32_t High(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }

}  // namespace

std::array<std::uint32_t, 4> Philox(std::uint64_t seed, std::uint64_t hi, std::uint64_t lo) {
  std::uint32_t key0 = Low(seed), key1 = High(seed);
  std::array<std::uint32_t, 4> words = {Low(lo), High(lo), Low(hi), High(hi)};
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * words[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * words[2];
    words = {High(product1) ^ words[1] ^ key0, Low(product1), High(product0) ^ words[3] ^ key1,
             Low(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return words;
}

std::uint64_t RandomHash(std::uint64_t seed, std::uint64_t hi, std::uint64_t lo) {
  const std::array<std::uint32_t, 4> words = Philox(seed, hi, lo);
  return std::uint64_t{words[1]} << 32 | words[0];
}

double RandomStream::Uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

// Lemire: "Fast random integer generation in an interval", TOMACS 2019.  The high half of
// draw * bound, drawn again while the low half falls among the 2^64 mod bound values that would
// favour some results.
std::uint64_t RandomStream::Below(std::uint64_t bound) {
  assert(bound > 0);
  unsigned __int128 product = static_cast<unsigned __int128>((*this)()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t excess = (0 - bound) % bound;
    while (static_cast<std::uint64_t>(product) < excess) {
      product = static_cast<unsigned __int128>((*this)()) * bound;
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double RandomStream::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));  // 1 - u is never 0
  return radius * std::cos(2.0 * std::numbers::pi * Uniform());
}

}  // namespace kith
