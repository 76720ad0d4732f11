// Exact integer kernels between two 8-bit vectors.
//
// AVX3_DL has VNNI.  L2: |a - b| of 64 bytes by two saturating subtractions, widened to i16, and
// vpdpwssd adds two squares a lane.  Dot: vpdpbusd multiplies unsigned by signed bytes, so one
// side is shifted by 128 and the shift taken back with the sum of the other side, exactly.
// i8 L2 is u8 L2 of both sides shifted.  Elsewhere bytes are widened to i16 and multiplied with
// vpmaddwd; vpmaddubsw is not used because its 16-bit sums saturate.
//
// Overflow: a 32-bit lane takes at most dim / 4 products of at most 255^2 (four lanes is the
// narrowest vector), which is below 2^31 for dim <= 131,072.  Blocks of kBlock = 65,536 elements
// are added up in 64 bits; the sum over the lanes of one block lies below 2^32 for squares and for
// unsigned products, and within 2^31 for what is signed, so 32 bits hold it.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <type_traits>

#include "core/distance.h"
#include "core/prefetch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/distance_bytes_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

// Highway 1.0's AVX3_DL asks the compiler for avxvnni (the VEX form, which Zen 4 lacks) instead
// of avx512vnni, although it checks the processor for the latter: functions that use VNNI say so
// themselves.  g++ adds that to Highway's list, clang takes it instead of the list.
#undef KITH_VNNI
#if HWY_TARGET == HWY_AVX3_DL
#include <immintrin.h>
#define KITH_VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))
#else
#define KITH_VNNI
#endif

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kBlock = 65536;

#if HWY_TARGET == HWY_SCALAR

template <class T>
std::int64_t L2Kernel(const T* a, const T* b, std::size_t dim) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < dim; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

template <class T>
std::int64_t DotKernel(const T* a, const T* b, std::size_t dim) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < dim; ++i) sum += a[i] * b[i];
  return sum;
}

#elif HWY_TARGET == HWY_AVX3_DL

template <class T>
KITH_VNNI HWY_INLINE __m512i LoadBytes(const T* p, std::size_t count) {
  if (count >= 64) return _mm512_loadu_si512(p);
  return _mm512_maskz_loadu_epi8((std::uint64_t{1} << count) - 1, p);
}

// The sum over the lanes modulo 2^32 (_mm512_reduce_add_epi32 may not wrap).
KITH_VNNI HWY_INLINE std::uint32_t FoldLanes(__m512i v) {
  const __m256i eight =
      _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1)));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(four));
}

// Bytes that `count` masks out are equal on both sides (zero), so shifting i8 needs no mask.
template <class T>
KITH_VNNI HWY_INLINE void AddSquares(const T* a, const T* b, std::size_t count, __m512i& sum_low,
                                     __m512i& sum_high) {
  __m512i x = LoadBytes(a, count), y = LoadBytes(b, count);
  if constexpr (std::is_signed_v<T>) {
    x = _mm512_xor_si512(x, _mm512_set1_epi8(-128));
    y = _mm512_xor_si512(y, _mm512_set1_epi8(-128));
  }
  const __m512i zero = _mm512_setzero_si512();
  const __m512i difference = _mm512_or_si512(_mm512_subs_epu8(x, y), _mm512_subs_epu8(y, x));
  const __m512i low = _mm512_unpacklo_epi8(difference, zero);
  const __m512i high = _mm512_unpackhi_epi8(difference, zero);
  sum_low = _mm512_dpwssd_epi32(sum_low, low, low);
  sum_high = _mm512_dpwssd_epi32(sum_high, high, high);
}

template <class T>
KITH_VNNI HWY_INLINE std::int64_t L2Block(const T* a, const T* b, std::size_t dim) {
  __m512i sum0 = _mm512_setzero_si512(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  std::size_t i = 0;
  for (; i + 128 <= dim; i += 128) {
    AddSquares(a + i, b + i, 64, sum0, sum1);
    AddSquares(a + i + 64, b + i + 64, 64, sum2, sum3);
  }
  for (; i < dim; i += 64) AddSquares(a + i, b + i, std::min<std::size_t>(64, dim - i), sum0, sum1);
  const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(sum0, sum1), _mm512_add_epi32(sum2, sum3));
  return FoldLanes(sum);
}

// Adds unsigned x signed products to `dots` and the side that stays to `sums`.
// u8: a * b = a * (b - 128) + 128 a.  i8: a * b = (a + 128) * b - 128 b.
template <class T>
KITH_VNNI HWY_INLINE void AddProducts(const T* a, const T* b, std::size_t count, __m512i& dots,
                                      __m512i& sums) {
  const __m512i x = LoadBytes(a, count), y = LoadBytes(b, count);
  const __m512i shift = _mm512_set1_epi8(-128), one = _mm512_set1_epi8(1);
  if constexpr (std::is_signed_v<T>) {  // masked-out b is zero: what is shifted into a is lost
    dots = _mm512_dpbusd_epi32(dots, _mm512_xor_si512(x, shift), y);
    sums = _mm512_dpbusd_epi32(sums, one, y);
  } else {
    dots = _mm512_dpbusd_epi32(dots, x, _mm512_xor_si512(y, shift));
    sums = _mm512_dpbusd_epi32(sums, x, one);
  }
}

template <class T>
KITH_VNNI HWY_INLINE std::int64_t DotBlock(const T* a, const T* b, std::size_t dim) {
  __m512i dots0 = _mm512_setzero_si512(), dots1 = dots0, sums0 = dots0, sums1 = dots0;
  std::size_t i = 0;
  for (; i + 128 <= dim; i += 128) {
    AddProducts(a + i, b + i, 64, dots0, sums0);
    AddProducts(a + i + 64, b + i + 64, 64, dots1, sums1);
  }
  for (; i < dim; i += 64) {
    AddProducts(a + i, b + i, std::min<std::size_t>(64, dim - i), dots0, sums0);
  }
  const auto dots = static_cast<std::int32_t>(FoldLanes(_mm512_add_epi32(dots0, dots1)));
  const auto sums = static_cast<std::int32_t>(FoldLanes(_mm512_add_epi32(sums0, sums1)));
  const std::int64_t shift = 128 * std::int64_t{sums};
  return std::is_signed_v<T> ? dots - shift : dots + shift;
}

template <class T>
KITH_VNNI HWY_INLINE std::int64_t L2Kernel(const T* a, const T* b, std::size_t dim) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < dim; i += kBlock) {
    sum += L2Block(a + i, b + i, std::min(kBlock, dim - i));
  }
  return sum;
}

template <class T>
KITH_VNNI HWY_INLINE std::int64_t DotKernel(const T* a, const T* b, std::size_t dim) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < dim; i += kBlock) {
    sum += DotBlock(a + i, b + i, std::min(kBlock, dim - i));
  }
  return sum;
}

#else

using Words = hn::ScalableTag<std::int16_t>;
using Sums = hn::RepartitionToWide<Words>;

// Highway may put any part of the products into `rest`; on x86 it stays zero.
struct Squares {
  static HWY_INLINE hn::Vec<Sums> Add(hn::Vec<Sums> sum, hn::Vec<Words> x, hn::Vec<Words> y,
                                      hn::Vec<Sums>& rest) {
    const auto difference = hn::Sub(x, y);
    return hn::ReorderWidenMulAccumulate(Sums(), difference, difference, sum, rest);
  }
  template <class T>
  static std::int64_t Total(std::uint32_t sum) {
    return sum;
  }
};

struct Products {
  static HWY_INLINE hn::Vec<Sums> Add(hn::Vec<Sums> sum, hn::Vec<Words> x, hn::Vec<Words> y,
                                      hn::Vec<Sums>& rest) {
    return hn::ReorderWidenMulAccumulate(Sums(), x, y, sum, rest);
  }
  template <class T>
  static std::int64_t Total(std::uint32_t sum) {
    return std::is_signed_v<T> ? std::int64_t{static_cast<std::int32_t>(sum)} : std::int64_t{sum};
  }
};

template <class Op, class T>
HWY_INLINE std::int64_t BlockKernel(const T* a, const T* b, std::size_t dim) {
  const Words d;
  const hn::Rebind<T, Words> d_bytes;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [&](const T* p) { return hn::PromoteTo(d, hn::LoadU(d_bytes, p)); };
  auto sum0 = hn::Zero(Sums()), sum1 = hn::Zero(Sums()), rest = hn::Zero(Sums());
  std::size_t i = 0;
  for (; i + 2 * lanes <= dim; i += 2 * lanes) {
    sum0 = Op::Add(sum0, load(a + i), load(b + i), rest);
    sum1 = Op::Add(sum1, load(a + i + lanes), load(b + i + lanes), rest);
  }
  for (; i + lanes <= dim; i += lanes) sum0 = Op::Add(sum0, load(a + i), load(b + i), rest);
  if (i < dim && dim >= lanes) {  // the last whole vector, without what has been counted
    const auto seen = hn::FirstN(d, lanes - (dim - i));
    const std::size_t last = dim - lanes;
    sum1 = Op::Add(sum1, hn::IfThenZeroElse(seen, load(a + last)),
                   hn::IfThenZeroElse(seen, load(b + last)), rest);
  } else if (i < dim) {
    T a_tail[HWY_LANES(std::int16_t)] = {}, b_tail[HWY_LANES(std::int16_t)] = {};
    std::copy_n(a, dim, a_tail);
    std::copy_n(b, dim, b_tail);
    sum1 = Op::Add(sum1, load(a_tail), load(b_tail), rest);
  }
  // Unsigned, so that it wraps, as Total expects; by halves, because Highway folds 512 bits with
  // _mm512_reduce_add_epi32.
  const hn::RebindToUnsigned<Sums> d_total;
  const hn::Half<decltype(d_total)> d_half;
  const auto sums = hn::BitCast(d_total, hn::Add(hn::Add(sum0, sum1), rest));
  const auto half = hn::Add(hn::LowerHalf(d_half, sums), hn::UpperHalf(d_half, sums));
  return Op::template Total<T>(hn::GetLane(hn::SumOfLanes(d_half, half)));
}

template <class T>
HWY_INLINE std::int64_t L2Kernel(const T* a, const T* b, std::size_t dim) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < dim; i += kBlock) {
    sum += BlockKernel<Squares>(a + i, b + i, std::min(kBlock, dim - i));
  }
  return sum;
}

template <class T>
HWY_INLINE std::int64_t DotKernel(const T* a, const T* b, std::size_t dim) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < dim; i += kBlock) {
    sum += BlockKernel<Products>(a + i, b + i, std::min(kBlock, dim - i));
  }
  return sum;
}

#endif  // HWY_TARGET

struct L2 {
  template <class T>
  static KITH_VNNI HWY_INLINE std::int64_t Distance(const T* a, const T* b, std::size_t dim) {
    return L2Kernel(a, b, dim);
  }
};

struct InnerProduct {
  template <class T>
  static KITH_VNNI HWY_INLINE std::int64_t Distance(const T* a, const T* b, std::size_t dim) {
    return -DotKernel(a, b, dim);
  }
};

template <class Op, class T>
KITH_VNNI void GatherRows(const T* query, const VectorRows& rows, const std::uint32_t* ids,
                          std::size_t count, float* distances) {
  const std::size_t ahead = std::min(PrefetchDistance(rows.dim), count);
  for (std::size_t i = 0; i < ahead; ++i) PrefetchRow(rows.row(ids[i]), rows.dim);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + ahead < count) PrefetchRow(rows.row(ids[i + ahead]), rows.dim);
    const T* row = reinterpret_cast<const T*>(rows.row(ids[i]));
    distances[i] = static_cast<float>(Op::Distance(query, row, rows.dim));
  }
}

template <class Op, class T>
KITH_VNNI void ScanRows(const T* query, const VectorRows& rows, std::size_t first,
                        std::size_t count, std::int64_t* distances) {
  for (std::size_t i = 0; i < count; ++i) {
    distances[i] = Op::Distance(query, reinterpret_cast<const T*>(rows.row(first + i)), rows.dim);
  }
}

template <class T>
void GatherBytes(Metric metric, const T* query, const VectorRows& rows, const std::uint32_t* ids,
                 std::size_t count, float* distances) {
  if (metric == Metric::kL2) {
    GatherRows<L2>(query, rows, ids, count, distances);
  } else {
    GatherRows<InnerProduct>(query, rows, ids, count, distances);
  }
}

template <class T>
void ScanBytes(Metric metric, const T* query, const VectorRows& rows, std::size_t first,
               std::size_t count, std::int64_t* distances) {
  if (metric == Metric::kL2) {
    ScanRows<L2>(query, rows, first, count, distances);
  } else {
    ScanRows<InnerProduct>(query, rows, first, count, distances);
  }
}

KITH_VNNI std::int64_t L2U8(const std::uint8_t* a, const std::uint8_t* b, std::size_t dim) {
  return L2Kernel(a, b, dim);
}
KITH_VNNI std::int64_t L2I8(const std::int8_t* a, const std::int8_t* b, std::size_t dim) {
  return L2Kernel(a, b, dim);
}
KITH_VNNI std::int64_t DotU8(const std::uint8_t* a, const std::uint8_t* b, std::size_t dim) {
  return DotKernel(a, b, dim);
}
KITH_VNNI std::int64_t DotI8(const std::int8_t* a, const std::int8_t* b, std::size_t dim) {
  return DotKernel(a, b, dim);
}

void GatherU8(Metric metric, const std::uint8_t* query, const VectorRows& rows,
              const std::uint32_t* ids, std::size_t count, float* distances) {
  GatherBytes(metric, query, rows, ids, count, distances);
}
void GatherI8(Metric metric, const std::int8_t* query, const VectorRows& rows,
              const std::uint32_t* ids, std::size_t count, float* distances) {
  GatherBytes(metric, query, rows, ids, count, distances);
}
void ScanU8(Metric metric, const std::uint8_t* query, const VectorRows& rows, std::size_t first,
            std::size_t count, std::int64_t* distances) {
  ScanBytes(metric, query, rows, first, count, distances);
}
void ScanI8(Metric metric, const std::int8_t* query, const VectorRows& rows, std::size_t first,
            std::size_t count, std::int64_t* distances) {
  ScanBytes(metric, query, rows, first, count, distances);
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {
namespace {

HWY_EXPORT(L2U8);
HWY_EXPORT(L2I8);
HWY_EXPORT(DotU8);
HWY_EXPORT(DotI8);
HWY_EXPORT(GatherU8);
HWY_EXPORT(GatherI8);
HWY_EXPORT(ScanU8);
HWY_EXPORT(ScanI8);

[[maybe_unused]] bool IsByteMetric(Metric metric) {
  return metric == Metric::kL2 || metric == Metric::kInnerProduct;
}

}  // namespace

std::int64_t SquaredL2(const std::uint8_t* a, const std::uint8_t* b, std::size_t dim) {
  return HWY_DYNAMIC_DISPATCH(L2U8)(a, b, dim);
}

std::int64_t SquaredL2(const std::int8_t* a, const std::int8_t* b, std::size_t dim) {
  return HWY_DYNAMIC_DISPATCH(L2I8)(a, b, dim);
}

std::int64_t NegativeDot(const std::uint8_t* a, const std::uint8_t* b, std::size_t dim) {
  return -HWY_DYNAMIC_DISPATCH(DotU8)(a, b, dim);
}

std::int64_t NegativeDot(const std::int8_t* a, const std::int8_t* b, std::size_t dim) {
  return -HWY_DYNAMIC_DISPATCH(DotI8)(a, b, dim);
}

void DistanceGather(Metric metric, const std::uint8_t* query, const VectorRows& rows,
                    std::span<const std::uint32_t> ids, std::span<float> distances) {
  assert(IsByteMetric(metric) && rows.type == DataType::kU8 && ids.size() == distances.size());
  HWY_DYNAMIC_DISPATCH(GatherU8)(metric, query, rows, ids.data(), ids.size(), distances.data());
}

void DistanceGather(Metric metric, const std::int8_t* query, const VectorRows& rows,
                    std::span<const std::uint32_t> ids, std::span<float> distances) {
  assert(IsByteMetric(metric) && rows.type == DataType::kI8 && ids.size() == distances.size());
  HWY_DYNAMIC_DISPATCH(GatherI8)(metric, query, rows, ids.data(), ids.size(), distances.data());
}

void DistanceScan(Metric metric, const std::uint8_t* query, const VectorRows& rows,
                  std::size_t first_row, std::span<std::int64_t> distances) {
  assert(IsByteMetric(metric) && rows.type == DataType::kU8 &&
         first_row + distances.size() <= rows.rows);
  HWY_DYNAMIC_DISPATCH(ScanU8)(metric, query, rows, first_row, distances.size(), distances.data());
}

void DistanceScan(Metric metric, const std::int8_t* query, const VectorRows& rows,
                  std::size_t first_row, std::span<std::int64_t> distances) {
  assert(IsByteMetric(metric) && rows.type == DataType::kI8 &&
         first_row + distances.size() <= rows.rows);
  HWY_DYNAMIC_DISPATCH(ScanI8)(metric, query, rows, first_row, distances.size(), distances.data());
}

}  // namespace kith
#endif  // HWY_ONCE
