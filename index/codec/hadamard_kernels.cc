#include "index/codec/hadamard_kernels.h"

#include <bit>
#include <cassert>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "index/codec/hadamard_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Unnormalised Walsh-Hadamard transform of `size` (a power of two) floats.
void Hadamard(float* values, size_t size) {
  const hn::CappedTag<float, 16> d;
  const size_t lanes = hn::Lanes(d);
  if (size >= lanes && lanes > 1) {
    // Within registers: partner lane i ^ h, and the sign of the lane's own value.
    HWY_ALIGN float sign[16];
    HWY_ALIGN int32_t partner[16];
    for (size_t h = 1; h < lanes; h *= 2) {
      for (size_t i = 0; i < lanes; ++i) {
        sign[i] = (i & h) != 0 ? -1.0f : 1.0f;
        partner[i] = static_cast<int32_t>(i ^ h);
      }
      const auto signs = hn::Load(d, sign);
      const auto indices = hn::SetTableIndices(d, partner);
      for (size_t i = 0; i < size; i += lanes) {
        const auto x = hn::LoadU(d, values + i);
        hn::StoreU(hn::MulAdd(x, signs, hn::TableLookupLanes(x, indices)), d, values + i);
      }
    }
  }
  for (size_t h = size >= lanes ? lanes : 1; h < size; h *= 2) {
    const size_t step = h < lanes ? 1 : lanes;
    for (size_t begin = 0; begin < size; begin += 2 * h) {
      for (size_t i = begin; i < begin + h; i += step) {
        if (step == 1) {
          const float a = values[i], b = values[i + h];
          values[i] = a + b;
          values[i + h] = a - b;
        } else {
          const auto a = hn::LoadU(d, values + i), b = hn::LoadU(d, values + i + h);
          hn::StoreU(hn::Add(a, b), d, values + i);
          hn::StoreU(hn::Sub(a, b), d, values + i + h);
        }
      }
    }
  }
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {

HWY_EXPORT(Hadamard);

void Hadamard(float* values, std::size_t size) {
  assert(std::has_single_bit(size));
  HWY_DYNAMIC_DISPATCH(Hadamard)(values, size);
}

}  // namespace kith
#endif  // HWY_ONCE
