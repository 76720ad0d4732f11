// See the header.  Compiled with -ffp-contract=off, so that no product is fused with a sum on the
// targets that could.
//
// The multiplication is bound by the second-level cache, which holds the matrix: one load for each
// 64 products.  Eight rows go together, so that their sums are independent of each other and one
// load of the vector serves eight.
#include "index/codec/projection_kernels.h"

#include <algorithm>
#include <cassert>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "index/codec/projection_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

// Highway 1.0's AVX3_DL asks the compiler for the wrong form of VNNI: functions that use it say so
// themselves (core/distance_bytes_kernels.cc).
#undef KITH_PROJECTION_VNNI
#if HWY_TARGET == HWY_AVX3_DL
#include <immintrin.h>
#define KITH_PROJECTION_VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))
#else
#define KITH_PROJECTION_VNNI
#endif

// GCC 12 takes the undefined pass-through operand of its own intrinsics for a read (PR 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
constexpr std::size_t kFloats = HWY_MIN(16, HWY_LANES(float));

// The differences of lanes [i, i + kFloats); 0 behind the end.
HWY_INLINE hn::Vec<Floats> Difference(const float* vector, const float* mean, std::size_t i,
                                      std::size_t size) {
  const Floats d;
  if (i + kFloats <= size) return hn::Sub(hn::LoadU(d, vector + i), hn::LoadU(d, mean + i));
  HWY_ALIGN float tail[kFloats] = {};
  for (std::size_t j = i; j < size; ++j) tail[j - i] = vector[j] - mean[j];
  return hn::Load(d, tail);
}

float Quantize(const float* vector, const float* mean, std::size_t size, std::size_t padded_size,
               std::uint8_t* HWY_RESTRICT bytes) {
  const Floats d;
  const hn::Rebind<std::int32_t, Floats> d_int;
  const hn::Rebind<std::uint8_t, Floats> d_byte;
  auto largest = hn::Zero(d);
  for (std::size_t i = 0; i < size; i += kFloats) {
    largest = hn::Max(largest, hn::Abs(Difference(vector, mean, i, size)));
  }
  const float bound = hn::GetLane(hn::MaxOfLanes(d, largest));
  const bool equal = !(bound > 1e-30f);  // or too near for a reciprocal
  const auto inverse = hn::Set(d, equal ? 0.0f : 127.0f / bound);
  // Adding 3 * 2^22 leaves no bits for fractions: it rounds, to even, and the same everywhere.
  const auto rounder = hn::Set(d, 12582912.0f + 128.0f);
  const auto low_byte = hn::Set(d_int, 255);
  for (std::size_t i = 0; i < padded_size; i += kFloats) {
    auto x = hn::Zero(d);
    if (i < size) x = Difference(vector, mean, i, size);
    const auto bits = hn::BitCast(d_int, hn::Add(hn::Mul(x, inverse), rounder));
    hn::StoreU(hn::DemoteTo(d_byte, hn::And(bits, low_byte)), d_byte, bytes + i);
  }
  return equal ? 0.0f : bound / 127.0f;
}

#if HWY_TARGET == HWY_AVX3_DL

KITH_PROJECTION_VNNI HWY_INLINE __m256i Halves(__m512i x) {
  return _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
}

// Lane sums of eight registers, in order.
KITH_PROJECTION_VNNI HWY_INLINE void StoreLaneSums(const __m512i (&x)[8], std::int32_t* sums) {
  __m256i pairs[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    pairs[i] = _mm256_hadd_epi32(Halves(x[2 * i]), Halves(x[2 * i + 1]));
  }
  const __m256i low = _mm256_hadd_epi32(pairs[0], pairs[1]);
  const __m256i high = _mm256_hadd_epi32(pairs[2], pairs[3]);
  const __m256i total = _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20),
                                         _mm256_permute2x128_si256(low, high, 0x31));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums), total);
}

KITH_PROJECTION_VNNI void Multiply(const std::uint8_t* bytes, MatrixView<const std::int8_t> matrix,
                                   std::int32_t* sums) {
  for (std::size_t r = 0; r < matrix.rows(); r += 8) {
    const std::int8_t* rows = matrix.data() + r * matrix.stride();
    __m512i x[8];
#pragma GCC unroll 8
    for (auto& sum : x) sum = _mm512_setzero_si512();
    for (std::size_t j = 0; j < matrix.cols(); j += 64) {
      const __m512i b = _mm512_loadu_si512(bytes + j);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) {
        x[i] = _mm512_dpbusd_epi32(x[i], b, _mm512_loadu_si512(rows + i * matrix.stride() + j));
      }
    }
    StoreLaneSums(x, sums + r);
  }
}

#else

// Highway may put any part of the products into the second sum; on x86 it stays zero.
void Multiply(const std::uint8_t* bytes, MatrixView<const std::int8_t> matrix, std::int32_t* sums) {
  const hn::CappedTag<std::int16_t, 32> d_word;
  const hn::RepartitionToWide<decltype(d_word)> d_sum;
  const hn::Rebind<std::uint8_t, decltype(d_word)> d_byte;
  const hn::Rebind<std::int8_t, decltype(d_word)> d_row;
  for (std::size_t r = 0; r < matrix.rows(); r += 2) {
    const std::int8_t* row0 = matrix.data() + r * matrix.stride();
    const std::int8_t* row1 = row0 + matrix.stride();
    auto sum0 = hn::Zero(d_sum), rest0 = sum0, sum1 = sum0, rest1 = sum0;
    for (std::size_t j = 0; j < matrix.cols(); j += hn::Lanes(d_word)) {
      const auto b = hn::PromoteTo(d_word, hn::LoadU(d_byte, bytes + j));
      const auto m0 = hn::PromoteTo(d_word, hn::LoadU(d_row, row0 + j));
      const auto m1 = hn::PromoteTo(d_word, hn::LoadU(d_row, row1 + j));
      sum0 = hn::ReorderWidenMulAccumulate(d_sum, b, m0, sum0, rest0);
      sum1 = hn::ReorderWidenMulAccumulate(d_sum, b, m1, sum1, rest1);
    }
    sums[r] = hn::GetLane(hn::SumOfLanes(d_sum, hn::Add(sum0, rest0)));
    sums[r + 1] = hn::GetLane(hn::SumOfLanes(d_sum, hn::Add(sum1, rest1)));
  }
}

#endif

void AddRows(const float* weights, MatrixView<const std::int8_t> matrix, std::size_t size,
             float* HWY_RESTRICT vector) {
  const Floats d;
  const hn::Rebind<std::int32_t, Floats> d_int;
  const hn::Rebind<std::int8_t, Floats> d_row;
  constexpr std::size_t kVectors = kFloats == 1 ? 1 : 4;
  constexpr std::size_t kBlock = kVectors * kFloats;
  HWY_ALIGN float block[kBlock];
  for (std::size_t j = 0; j < size; j += kBlock) {
    const std::size_t width = std::min(kBlock, size - j);
    std::fill(std::copy(vector + j, vector + j + width, block), block + kBlock, 0.0f);
    hn::Vec<Floats> sums[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) sums[v] = hn::Load(d, block + v * kFloats);
    for (std::size_t r = 0; r < matrix.rows(); ++r) {
      const std::int8_t* row = matrix.data() + r * matrix.stride() + j;
      const auto weight = hn::Set(d, weights[r]);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        const auto m = hn::PromoteTo(d_int, hn::LoadU(d_row, row + v * kFloats));
        sums[v] = hn::Add(sums[v], hn::Mul(weight, hn::ConvertTo(d, m)));
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) hn::Store(sums[v], d, block + v * kFloats);
    std::copy(block, block + width, vector + j);
  }
}

}  // namespace
}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {
namespace {

HWY_EXPORT(Quantize);
HWY_EXPORT(Multiply);
HWY_EXPORT(AddRows);

}  // namespace

float QuantizeDifference(std::span<const float> vector, std::span<const float> mean,
                         std::span<std::uint8_t> bytes) {
  assert(mean.size() == bytes.size() && bytes.size() % kProjectionColsMultiple == 0);
  assert(vector.size() <= bytes.size());
  return HWY_DYNAMIC_DISPATCH(Quantize)(vector.data(), mean.data(), vector.size(), bytes.size(),
                                        bytes.data());
}

void MultiplyBytes(std::span<const std::uint8_t> bytes, MatrixView<const std::int8_t> matrix,
                   std::span<std::int32_t> sums) {
  assert(matrix.rows() % kProjectionRowsMultiple == 0 && sums.size() == matrix.rows());
  assert(matrix.cols() % kProjectionColsMultiple == 0 && bytes.size() == matrix.cols());
  HWY_DYNAMIC_DISPATCH(Multiply)(bytes.data(), matrix, sums.data());
}

void AddWeightedByteRows(std::span<const float> weights, MatrixView<const std::int8_t> matrix,
                         std::span<float> vector) {
  assert(matrix.cols() % kProjectionColsMultiple == 0 && vector.size() <= matrix.cols());
  assert(weights.size() == matrix.rows());
  HWY_DYNAMIC_DISPATCH(AddRows)(weights.data(), matrix, vector.size(), vector.data());
}

}  // namespace kith
#endif  // HWY_ONCE
