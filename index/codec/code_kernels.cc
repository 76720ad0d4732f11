// Integer distance kernels.
//
// The portable form widens to 16 bits and multiplies pairs (ReorderWidenMulAccumulate).  With
// AVX-512 VNNI four codes are handled together, so that one query register serves four codes
// and their sixteen-lane sums are reduced by one 4 x 4 transpose.  Highway 1.0 has no VNNI
// operation and names the wrong instruction set for its AVX3_DL target, hence the attribute.
#include "index/codec/code_kernels.h"

#include <cassert>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "index/codec/code_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

#ifndef KITH_VNNI_HEADER
#define KITH_VNNI_HEADER
#if HWY_ARCH_X86
#include <immintrin.h>
#endif
#endif

// GCC 12 takes the undefined pass-through operand of its own intrinsics for a read (PR 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3_DL
#define KITH_VNNI __attribute__((target("avx512vnni")))
#define KITH_VNNI_INLINE __attribute__((target("avx512vnni"), always_inline)) inline

// Lane sums of four registers, in order.
KITH_VNNI_INLINE __m128i SumLanes4(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
  const __m512i all =
      _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  const __m256i half =
      _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

struct NibblePlanes {
  __m512i low, high;
};

KITH_VNNI_INLINE NibblePlanes Planes(const std::uint8_t* line) {
  const __m512i mask = _mm512_set1_epi8(15);
  const __m512i bytes = _mm512_loadu_si512(line);
  return {_mm512_and_si512(bytes, mask), _mm512_and_si512(_mm512_srli_epi16(bytes, 4), mask)};
}

// Accumulators of one code: product with the query, and c (15 - c).
template <bool kL2>
struct NibbleSums {
  __m512i dot, parabola;  // start at zero

  KITH_VNNI_INLINE void Add(const std::uint8_t* line, __m512i query_low, __m512i query_high) {
    const NibblePlanes planes = Planes(line);
    dot = _mm512_dpbusd_epi32(dot, planes.low, query_low);
    dot = _mm512_dpbusd_epi32(dot, planes.high, query_high);
    if constexpr (kL2) {
      const __m512i fifteen = _mm512_set1_epi8(15);
      parabola = _mm512_dpbusd_epi32(parabola, planes.low, _mm512_xor_si512(planes.low, fifteen));
      parabola = _mm512_dpbusd_epi32(parabola, planes.high, _mm512_xor_si512(planes.high, fifteen));
    }
  }
  KITH_VNNI_INLINE __m512i Total() const {
    if constexpr (kL2) return _mm512_add_epi32(dot, _mm512_slli_epi32(parabola, 2));
    return dot;
  }
};

template <bool kL2>
KITH_VNNI void Nibble4(const std::int8_t* query, size_t lines, CodeArray codes,
                       const std::uint32_t* ids, size_t count, std::int32_t* sums) {
  size_t i = 0;
  for (; i < count; i += 4) {
    const size_t last = count - 1;  // the last group repeats the last code
    const std::uint8_t* c0 = codes.data + ids[i] * codes.stride;
    const std::uint8_t* c1 = codes.data + ids[i + 1 <= last ? i + 1 : last] * codes.stride;
    const std::uint8_t* c2 = codes.data + ids[i + 2 <= last ? i + 2 : last] * codes.stride;
    const std::uint8_t* c3 = codes.data + ids[i + 3 <= last ? i + 3 : last] * codes.stride;
    const __m512i zero = _mm512_setzero_si512();
    NibbleSums<kL2> s0{zero, zero}, s1{zero, zero}, s2{zero, zero}, s3{zero, zero};
    for (size_t line = 0; line < lines; ++line) {
      const __m512i low = _mm512_loadu_si512(query + 128 * line);
      const __m512i high = _mm512_loadu_si512(query + 128 * line + 64);
      s0.Add(c0 + 64 * line, low, high);
      s1.Add(c1 + 64 * line, low, high);
      s2.Add(c2 + 64 * line, low, high);
      s3.Add(c3 + 64 * line, low, high);
    }
    const __m128i totals = SumLanes4(s0.Total(), s1.Total(), s2.Total(), s3.Total());
    if (i + 4 <= count) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + i), totals);
    } else {
      alignas(16) std::int32_t tail[4];
      _mm_store_si128(reinterpret_cast<__m128i*>(tail), totals);
      for (size_t j = i; j < count; ++j) sums[j] = tail[j - i];
    }
  }
}

template <bool kL2>
KITH_VNNI_INLINE __m512i ByteStep(__m512i sum, const std::uint8_t* code, __m512i query) {
  const __m512i c =
      _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(code)));
  if constexpr (kL2) {
    const __m512i difference = _mm512_sub_epi16(_mm512_slli_epi16(c, 3), query);
    return _mm512_dpwssd_epi32(sum, difference, difference);
  }
  return _mm512_dpwssd_epi32(sum, c, query);
}

KITH_VNNI_INLINE __m512i AddWidened(__m512i sum, __m512i part) {
  sum = _mm512_add_epi64(sum, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(part)));
  return _mm512_add_epi64(sum, _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(part, 1)));
}

// 32-bit lanes hold 1024 dims without overflow: 32 steps of 2 * 4095^2 are below 2^31.
template <bool kL2>
KITH_VNNI void Byte8(const std::int16_t* query, size_t dims, CodeArray codes,
                     const std::uint32_t* ids, size_t count, std::int64_t* sums) {
  for (size_t i = 0; i < count; i += 2) {
    const std::uint8_t* c0 = codes.data + ids[i] * codes.stride;
    const std::uint8_t* c1 = codes.data + ids[i + 1 < count ? i + 1 : i] * codes.stride;
    __m512i total0 = _mm512_setzero_si512(), total1 = _mm512_setzero_si512();
    for (size_t begin = 0; begin < dims; begin += 1024) {
      const size_t end = begin + 1024 < dims ? begin + 1024 : dims;
      __m512i a0 = _mm512_setzero_si512(), a1 = a0, b0 = a0, b1 = a0;
      for (size_t j = begin; j < end; j += 64) {
        const __m512i q0 = _mm512_loadu_si512(query + j);
        const __m512i q1 = _mm512_loadu_si512(query + j + 32);
        a0 = ByteStep<kL2>(a0, c0 + j, q0);
        a1 = ByteStep<kL2>(a1, c0 + j + 32, q1);
        b0 = ByteStep<kL2>(b0, c1 + j, q0);
        b1 = ByteStep<kL2>(b1, c1 + j + 32, q1);
      }
      total0 = AddWidened(total0, a0);
      total0 = AddWidened(total0, a1);
      total1 = AddWidened(total1, b0);
      total1 = AddWidened(total1, b1);
    }
    sums[i] = _mm512_reduce_add_epi64(total0);
    if (i + 1 < count) sums[i + 1] = _mm512_reduce_add_epi64(total1);
  }
}

#else  // every other target

template <bool kL2>
void Nibble4(const std::int8_t* query, size_t lines, CodeArray codes, const std::uint32_t* ids,
             size_t count, std::int32_t* sums) {
  const hn::CappedTag<std::int16_t, 32> d16;
  const hn::Repartition<std::int32_t, decltype(d16)> d32;
  const hn::Rebind<std::uint8_t, decltype(d16)> d8u;
  const hn::Rebind<std::int8_t, decltype(d16)> d8;
  const size_t lanes = hn::Lanes(d16);
  const auto fifteen = hn::Set(d8u, 15);
  const auto fifteen16 = hn::Set(d16, 15);

  for (size_t i = 0; i < count; ++i) {
    const std::uint8_t* code = codes.data + ids[i] * codes.stride;
    auto dot0 = hn::Zero(d32), dot1 = hn::Zero(d32), arc0 = hn::Zero(d32), arc1 = hn::Zero(d32);
    for (size_t line = 0; line < lines; ++line) {
      for (size_t j = 0; j < 64; j += lanes) {
        const auto bytes = hn::LoadU(d8u, code + 64 * line + j);
        const auto low = hn::PromoteTo(d16, hn::And(bytes, fifteen));
        const auto high = hn::ShiftRight<4>(hn::PromoteTo(d16, bytes));
        const auto query_low = hn::PromoteTo(d16, hn::LoadU(d8, query + 128 * line + j));
        const auto query_high = hn::PromoteTo(d16, hn::LoadU(d8, query + 128 * line + 64 + j));
        dot0 = hn::ReorderWidenMulAccumulate(d32, low, query_low, dot0, dot1);
        dot0 = hn::ReorderWidenMulAccumulate(d32, high, query_high, dot0, dot1);
        if constexpr (kL2) {
          arc0 = hn::ReorderWidenMulAccumulate(d32, low, hn::Sub(fifteen16, low), arc0, arc1);
          arc0 = hn::ReorderWidenMulAccumulate(d32, high, hn::Sub(fifteen16, high), arc0, arc1);
        }
      }
    }
    auto total = hn::Add(dot0, dot1);
    if constexpr (kL2) total = hn::Add(total, hn::ShiftLeft<2>(hn::Add(arc0, arc1)));
    sums[i] = hn::GetLane(hn::SumOfLanes(d32, total));
  }
}

template <bool kL2>
void Byte8(const std::int16_t* query, size_t dims, CodeArray codes, const std::uint32_t* ids,
           size_t count, std::int64_t* sums) {
  const hn::CappedTag<std::int16_t, 32> d16;
  const hn::Repartition<std::int32_t, decltype(d16)> d32;
  const hn::Rebind<std::uint8_t, decltype(d16)> d8u;
  const size_t lanes = hn::Lanes(d16);
  // A 32-bit lane takes 64 products of at most 4095^2 (L2) or 255 * 32767 (dot) in 128 dims even
  // when a register has two lanes.
  constexpr size_t kBlock = 64;

  for (size_t i = 0; i < count; ++i) {
    const std::uint8_t* code = codes.data + ids[i] * codes.stride;
    std::int64_t total = 0;
    for (size_t begin = 0; begin < dims; begin += kBlock) {
      auto sum0 = hn::Zero(d32), sum1 = hn::Zero(d32);
      for (size_t j = begin; j < begin + kBlock; j += lanes) {
        auto left = hn::PromoteTo(d16, hn::LoadU(d8u, code + j));
        auto right = hn::LoadU(d16, query + j);
        if constexpr (kL2) {
          left = hn::Sub(hn::ShiftLeft<3>(left), right);
          right = left;
        }
        sum0 = hn::ReorderWidenMulAccumulate(d32, left, right, sum0, sum1);
      }
      total += hn::GetLane(hn::SumOfLanes(d32, hn::Add(sum0, sum1)));
    }
    sums[i] = total;
  }
}

#endif

void Nibble4L2(const std::int8_t* query, size_t lines, CodeArray codes, const std::uint32_t* ids,
               size_t count, std::int32_t* sums) {
  Nibble4<true>(query, lines, codes, ids, count, sums);
}
void Nibble4Dot(const std::int8_t* query, size_t lines, CodeArray codes, const std::uint32_t* ids,
                size_t count, std::int32_t* sums) {
  Nibble4<false>(query, lines, codes, ids, count, sums);
}
void Byte8L2(const std::int16_t* query, size_t dims, CodeArray codes, const std::uint32_t* ids,
             size_t count, std::int64_t* sums) {
  Byte8<true>(query, dims, codes, ids, count, sums);
}
void Byte8Dot(const std::int16_t* query, size_t dims, CodeArray codes, const std::uint32_t* ids,
              size_t count, std::int64_t* sums) {
  Byte8<false>(query, dims, codes, ids, count, sums);
}

void UnpackNibbles(const std::uint8_t* code, size_t lines, std::int8_t* query) {
  for (size_t line = 0; line < lines; ++line) {  // the compiler vectorises this for each target
    for (size_t j = 0; j < 64; ++j) {
      const int byte = code[64 * line + j];
      query[128 * line + j] = static_cast<std::int8_t>(8 * (byte & 15) - 60);
      query[128 * line + 64 + j] = static_cast<std::int8_t>(8 * (byte >> 4) - 60);
    }
  }
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {

HWY_EXPORT(Nibble4L2);
HWY_EXPORT(Nibble4Dot);
HWY_EXPORT(Byte8L2);
HWY_EXPORT(Byte8Dot);
HWY_EXPORT(UnpackNibbles);

void Nibble4L2(const std::int8_t* query, std::size_t lines, CodeArray codes,
               const std::uint32_t* ids, std::size_t count, std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(Nibble4L2)(query, lines, codes, ids, count, sums);
}
void Nibble4Dot(const std::int8_t* query, std::size_t lines, CodeArray codes,
                const std::uint32_t* ids, std::size_t count, std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(Nibble4Dot)(query, lines, codes, ids, count, sums);
}
void Byte8L2(const std::int16_t* query, std::size_t dims, CodeArray codes, const std::uint32_t* ids,
             std::size_t count, std::int64_t* sums) {
  assert(dims % 64 == 0);
  HWY_DYNAMIC_DISPATCH(Byte8L2)(query, dims, codes, ids, count, sums);
}
void Byte8Dot(const std::int16_t* query, std::size_t dims, CodeArray codes,
              const std::uint32_t* ids, std::size_t count, std::int64_t* sums) {
  assert(dims % 64 == 0);
  HWY_DYNAMIC_DISPATCH(Byte8Dot)(query, dims, codes, ids, count, sums);
}
void UnpackNibbles(const std::uint8_t* code, std::size_t lines, std::int8_t* query) {
  HWY_DYNAMIC_DISPATCH(UnpackNibbles)(code, lines, query);
}

}  // namespace kith
#endif  // HWY_ONCE
