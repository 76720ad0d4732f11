// Per-target helper of the kernels: elements of any vector type as lanes of float, converted
// exactly.  Include after hwy/highway.h; no part of core's interface to other modules' headers.
//
//   LoadElement(p)                 one element, at any address as everything here
//   LoadAsFloat(d, p)              Lanes(d) elements
//   LoadTailAsFloat(d, row, i, n)  the n - i < Lanes(d) elements from row[i] on, zeros in the other
//                                  lanes; which lanes depends on i and n alone; never touches
//                                  memory outside [row, row + n)
#if defined(KITH_CORE_LOAD_AS_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KITH_CORE_LOAD_AS_FLOAT_INL_H_
#undef KITH_CORE_LOAD_AS_FLOAT_INL_H_
#else
#define KITH_CORE_LOAD_AS_FLOAT_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <hwy/highway.h>

#include "core/half.h"

// F16C converts halves as core/half.h defines; every processor with AVX2 has it.
#undef KITH_HAVE_F16C
#define KITH_HAVE_F16C (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2)
// Masked loads that leave memory behind the mask alone, for elements of any size.
#undef KITH_HAVE_MASKED_LOAD
#define KITH_HAVE_MASKED_LOAD (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3)

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The type that Highway knows a row element by.
template <class T>
struct LaneOf {
  using Type = T;
};
template <>
struct LaneOf<F16> {
  using Type = std::uint16_t;
};
template <>
struct LaneOf<Bf16> {
  using Type = std::uint16_t;
};

// One element at any address.
template <class T>
HWY_INLINE T LoadElement(const T* p) {
  T element;
  std::memcpy(&element, p, sizeof(T));
  return element;
}

// `v` holds elements of type T in lanes of LaneOf<T>.
template <class T, class D, class V>
HWY_INLINE hn::Vec<D> ConvertToFloat(D d, V v) {
  const hn::Rebind<std::int32_t, D> d_i32;
  const hn::Rebind<std::uint32_t, D> d_u32;
  (void)d_i32, (void)d_u32;
  if constexpr (std::is_same_v<T, float>) {
    return v;
  } else if constexpr (std::is_same_v<T, Bf16>) {
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d_u32, v)));
  } else if constexpr (std::is_same_v<T, F16>) {
#if KITH_HAVE_F16C
    return hn::PromoteTo(d, hn::BitCast(hn::Rebind<hwy::float16_t, D>(), v));
#else
    // Exponent and mantissa moved into place are the value times 2^-112, subnormals included.
    const auto wide = hn::PromoteTo(d_u32, v);
    const auto sign = hn::ShiftLeft<16>(hn::And(wide, hn::Set(d_u32, 0x8000u)));
    const auto magnitude =
        hn::BitCast(d_i32, hn::ShiftLeft<13>(hn::And(wide, hn::Set(d_u32, 0x7fffu))));
    const auto finite =
        hn::BitCast(d_i32, hn::Mul(hn::BitCast(d, magnitude), hn::Set(d, 0x1p112f)));
    const auto special = hn::IfThenElseZero(hn::Gt(magnitude, hn::Set(d_i32, 0x0f7fffff)),
                                            hn::Set(d_i32, 0x7f800000));
    const auto quiet = hn::IfThenElseZero(hn::Gt(magnitude, hn::Set(d_i32, 0x0f800000)),
                                          hn::Set(d_i32, 0x00400000));
    return hn::BitCast(d, hn::Or(hn::Or(finite, special), hn::Or(quiet, hn::BitCast(d_i32, sign))));
#endif
  } else {
    return hn::ConvertTo(d, hn::PromoteTo(d_i32, v));
  }
}

template <class D, class T>
HWY_INLINE hn::Vec<D> LoadAsFloat(D d, const T* p) {
  using Lane = typename LaneOf<T>::Type;
  const hn::Rebind<Lane, D> d_row;
  return ConvertToFloat<T>(d, hn::LoadU(d_row, reinterpret_cast<const Lane*>(p)));
}

template <class D, class T>
HWY_INLINE hn::Vec<D> LoadTailAsFloat(D d, const T* row, std::size_t i, std::size_t n) {
  using Lane = typename LaneOf<T>::Type;
  const hn::Rebind<Lane, D> d_row;
  const std::size_t rest = n - i;
#if KITH_HAVE_MASKED_LOAD
  return ConvertToFloat<T>(
      d, hn::MaskedLoad(hn::FirstN(d_row, rest), d_row, reinterpret_cast<const Lane*>(row + i)));
#else
  const std::size_t lanes = hn::Lanes(d);
  if (n >= lanes) {  // the last `lanes` elements, without those that came before row[i]
    return hn::IfThenZeroElse(hn::FirstN(d, lanes - rest), LoadAsFloat(d, row + n - lanes));
  }
  constexpr std::size_t kLanes = HWY_LANES(float);
  Lane elements[kLanes] = {};
  std::memcpy(elements, row + i, HWY_MIN(rest, kLanes) * sizeof(Lane));  // tells g++ the bound
  return ConvertToFloat<T>(d, hn::LoadU(d_row, elements));
#endif
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
