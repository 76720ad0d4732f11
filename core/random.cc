// Philox4x32-10.  Ten rounds of a substitution-permutation network on four 32-bit words: two
// 32x32 -> 64-bit products mix, the key is added and steps by two odd constants a round (the
// golden ratio and sqrt(3) - 1, as Weyl sequences).  It passes TestU01's BigCrush, needs no state
// and no table.  Its 20 multiplications form two chains: about 60 cycles for a value that depends
// on the one before, 40 for independent ones.
//
// Rejected: a linear or xorshift generator (a stream per item needs jump-ahead and a seed hash
// of its own), splitmix64 of the pair (faster, but pairs on a lattice give correlated columns),
// <random>'s distributions (the standard leaves their sequences to the implementation).
//
// Normal() computes its logarithm and cosine here, by series in plain double arithmetic: the C
// library's differ in the last bit between versions and between processors (it has variants with
// fused multiply-add), and what is built from a seed must not.  Compiled with -ffp-contract=off.
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

// sum(coefficients[i] * x^i).
template <std::size_t N>
constexpr double Polynomial(const double (&coefficients)[N], double x) {
  double sum = coefficients[N - 1];
  for (std::size_t i = N - 1; i > 0; --i) sum = sum * x + coefficients[i - 1];
  return sum;
}

// ln x to a few units in the last place, for x in (0, 1]: 2 atanh((m - 1) / (m + 1)) of the
// mantissa m in [sqrt(1/2), sqrt(2)), whose square is below 0.0295.
double Logarithm(double x) {
  static constexpr double kOddReciprocals[] = {1.0,      1.0 / 3,  1.0 / 5,  1.0 / 7,
                                               1.0 / 9,  1.0 / 11, 1.0 / 13, 1.0 / 15,
                                               1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23};
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < std::numbers::sqrt2 / 2) {
    mantissa *= 2;
    --exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1);
  return exponent * std::numbers::ln2 + 2 * s * Polynomial(kOddReciprocals, s * s);
}

// cos(2 pi u) for u in [0, 1), a multiple of 2^-53.  The folding to an eighth of a turn is exact;
// the Taylor series end below 2^-56.
double CosineOfTurns(double u) {
  static constexpr double kCosine[] = {1.0,
                                       -1.0 / 2,
                                       1.0 / 24,
                                       -1.0 / 720,
                                       1.0 / 40320,
                                       -1.0 / 3628800,
                                       1.0 / 479001600,
                                       -1.0 / 87178291200,
                                       1.0 / 20922789888000};
  static constexpr double kSine[] = {
      1.0,          -1.0 / 6,        1.0 / 120,        -1.0 / 5040,
      1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000};
  double turns = std::fabs(u - 0.5);  // cos(2 pi u) = -cos(2 pi turns)
  double sign = -1;
  if (turns > 0.25) {
    turns = 0.5 - turns;
    sign = 1;
  }
  if (turns <= 0.125) {
    const double angle = 2 * std::numbers::pi * turns;
    return sign * Polynomial(kCosine, angle * angle);
  }
  const double angle = 2 * std::numbers::pi * (0.25 - turns);
  return sign * angle * Polynomial(kSine, angle * angle);
}

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
  const double radius = std::sqrt(-2.0 * Logarithm(1.0 - Uniform()));  // 1 - u is never 0
  return radius * CosineOfTurns(Uniform());
}

}  // namespace kith
