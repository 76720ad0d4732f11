#include "core/half.h"

#include <bit>
#include <cassert>

// Every target gives the same bits, so the instruction of the processor is used only where it
// agrees with the definition below for subnormals, infinities and NaN: F16C (AVX2 and above)
// does; Highway 1.0's emulation for older processors does not (it reads infinity as 65536).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/half.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

#include "core/load_as_float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {

void ArrayToF16(const float* HWY_RESTRICT from, std::size_t count, F16* HWY_RESTRICT to) {
  std::size_t i = 0;
#if KITH_HAVE_F16C
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreU(hn::DemoteTo(d16, hn::LoadU(d, from + i)), d16,
               reinterpret_cast<hwy::float16_t*>(to + i));
  }
#endif
  for (; i < count; ++i) to[i] = ToF16(from[i]);
}

void ArrayFromF16(const F16* HWY_RESTRICT from, std::size_t count, float* HWY_RESTRICT to) {
  const hn::ScalableTag<float> d;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreU(LoadAsFloat(d, from + i), d, to + i);
  }
  for (; i < count; ++i) to[i] = ToFloat(LoadElement(from + i));
}

void ArrayToBf16(const float* HWY_RESTRICT from, std::size_t count, Bf16* HWY_RESTRICT to) {
  const hn::ScalableTag<std::int32_t> d;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::RebindToFloat<decltype(d)> df;
  const auto half = hn::Set(d, 0x7fff), one = hn::Set(d, 1), infinity = hn::Set(d, 0x7f800000);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto bits = hn::BitCast(d, hn::LoadU(df, from + i));
    const auto upper = hn::BitCast(d, hn::ShiftRight<16>(hn::BitCast(du, bits)));
    const auto sum = hn::Add(bits, hn::Add(half, hn::And(upper, one)));
    const auto rounded = hn::BitCast(d, hn::ShiftRight<16>(hn::BitCast(du, sum)));
    const auto is_nan = hn::Gt(hn::And(bits, hn::Set(d, 0x7fffffff)), infinity);
    const auto result = hn::IfThenElse(is_nan, hn::Or(upper, hn::Set(d, 0x40)), rounded);
    hn::StoreU(hn::DemoteTo(d16, result), d16, reinterpret_cast<std::uint16_t*>(to + i));
  }
  for (; i < count; ++i) to[i] = ToBf16(from[i]);
}

void ArrayFromBf16(const Bf16* HWY_RESTRICT from, std::size_t count, float* HWY_RESTRICT to) {
  const hn::ScalableTag<float> d;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreU(LoadAsFloat(d, from + i), d, to + i);
  }
  for (; i < count; ++i) to[i] = ToFloat(LoadElement(from + i));
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {

HWY_EXPORT(ArrayToF16);
HWY_EXPORT(ArrayFromF16);
HWY_EXPORT(ArrayToBf16);
HWY_EXPORT(ArrayFromBf16);

F16 ToF16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint16_t sign = (bits >> 16) & 0x8000;
  const std::uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {  // NaN: quiet, upper payload kept
    return {static_cast<std::uint16_t>(sign | 0x7e00 | (magnitude >> 13 & 0x3ff))};
  }
  if (magnitude >= 0x477ff000) return {static_cast<std::uint16_t>(sign | 0x7c00)};  // >= 65520
  if (magnitude < 0x38800000) {  // below 2^-14: adding 0.5 leaves multiples of 2^-24, rounded
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return {
        static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000))};
  }
  const std::uint32_t odd = magnitude >> 13 & 1;
  return {static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13))};
}

float ToFloat(F16 value) {
  const std::uint32_t sign = (value.bits & 0x8000u) << 16;
  const std::uint32_t magnitude = (value.bits & 0x7fffu) << 13;
  std::uint32_t bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  if (magnitude >= 0x0f800000) bits |= 0x7f800000;
  if (magnitude > 0x0f800000) bits |= 0x00400000;
  return std::bit_cast<float>(sign | bits);
}

Bf16 ToBf16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return {static_cast<std::uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

float ToFloat(Bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

void ToF16(std::span<const float> from, std::span<F16> to) {
  assert(from.size() == to.size());
  HWY_DYNAMIC_DISPATCH(ArrayToF16)(from.data(), from.size(), to.data());
}

void ToFloat(std::span<const F16> from, std::span<float> to) {
  assert(from.size() == to.size());
  HWY_DYNAMIC_DISPATCH(ArrayFromF16)(from.data(), from.size(), to.data());
}

void ToBf16(std::span<const float> from, std::span<Bf16> to) {
  assert(from.size() == to.size());
  HWY_DYNAMIC_DISPATCH(ArrayToBf16)(from.data(), from.size(), to.data());
}

void ToFloat(std::span<const Bf16> from, std::span<float> to) {
  assert(from.size() == to.size());
  HWY_DYNAMIC_DISPATCH(ArrayFromBf16)(from.data(), from.size(), to.data());
}

}  // namespace kith
#endif  // HWY_ONCE
