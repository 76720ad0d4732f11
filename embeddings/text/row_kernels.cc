#include "embeddings/text/row_kernels.h"

#include <cassert>

// Compiled with -ffp-contract=off (embeddings/CMakeLists.txt): the compiler may not fuse a product
// and a sum on the targets that could.  The loops wait for memory, so nothing is lost.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "embeddings/text/row_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, kRowFloats>;
constexpr std::size_t kLanes = HWY_MIN(kRowFloats, HWY_LANES(float));

// Columns [0, kVectors * kLanes), in registers.
template <std::size_t kVectors>
HWY_INLINE void SumColumns(const float* HWY_RESTRICT rows, std::size_t stride,
                           const ScaledRow* HWY_RESTRICT terms, std::size_t count,
                           float* HWY_RESTRICT out) {
  const Floats d;
  hn::Vec<Floats> sums[kVectors];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (std::size_t i = 0; i < count; ++i) {
    const float* const row = rows + terms[i].row * stride;
    const auto scale = hn::Set(d, terms[i].scale);
    for (std::size_t v = 0; v < kVectors; ++v) {
      sums[v] = hn::Add(sums[v], hn::Mul(scale, hn::LoadU(d, row + v * kLanes)));
    }
  }
  for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[v], d, out + v * kLanes);
}

void SumScaledRowsKernel(const float* rows, std::size_t stride, const ScaledRow* terms,
                         std::size_t count, std::size_t width, float* out) {
  std::size_t j = 0;
  for (; j + 8 * kLanes <= width; j += 8 * kLanes) {
    SumColumns<8>(rows + j, stride, terms, count, out + j);
  }
  if (j + 4 * kLanes <= width) {
    SumColumns<4>(rows + j, stride, terms, count, out + j);
    j += 4 * kLanes;
  }
  for (; j < width; j += kLanes) SumColumns<1>(rows + j, stride, terms, count, out + j);
}

void AddScaledRowKernel(const float* HWY_RESTRICT row, float scale, std::size_t width,
                        float* HWY_RESTRICT out) {
  const Floats d;
  const auto scales = hn::Set(d, scale);
  for (std::size_t j = 0; j < width; j += kLanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, out + j), hn::Mul(scales, hn::LoadU(d, row + j))), d, out + j);
  }
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {

HWY_EXPORT(SumScaledRowsKernel);
HWY_EXPORT(AddScaledRowKernel);

void SumScaledRows(const float* rows, std::size_t stride, std::span<const ScaledRow> terms,
                   std::size_t width, float* out) {
  assert(width % kRowFloats == 0 && stride % kRowFloats == 0);
  HWY_DYNAMIC_DISPATCH(SumScaledRowsKernel)(rows, stride, terms.data(), terms.size(), width, out);
}

void AddScaledRow(const float* row, float scale, std::size_t width, float* out) {
  assert(width % kRowFloats == 0);
  HWY_DYNAMIC_DISPATCH(AddScaledRowKernel)(row, scale, width, out);
}

}  // namespace kith
#endif
