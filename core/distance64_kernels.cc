#include "core/distance64.h"

#include <cassert>

// Compiled with -ffp-contract=off (core/CMakeLists.txt): the compiler may not fuse a product and
// a sum on the targets that could.  Eight partial sums are one AVX-512 vector, two of AVX2, four
// of SSE4 and eight of the scalar target, added up in the same tree everywhere.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/distance64_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

#include "core/load_as_float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {

constexpr std::size_t kPartialSums = 8;
using Doubles = hn::CappedTag<double, kPartialSums>;
constexpr std::size_t kLanes = HWY_MIN(kPartialSums, HWY_LANES(double));
constexpr std::size_t kVectors = kPartialSums / kLanes;

struct L2InF64 {
  template <class V>
  static HWY_INLINE V Term(V x, V y) {
    const V difference = hn::Sub(x, y);
    return hn::Mul(difference, difference);
  }
};

struct DotInF64Op {
  template <class V>
  static HWY_INLINE V Term(V x, V y) {
    return hn::Mul(x, y);
  }
};

template <class T>
HWY_INLINE hn::Vec<Doubles> LoadAsDouble(const T* p) {
  const Doubles d;
  const hn::Rebind<float, Doubles> d_float;
  return hn::PromoteTo(d, LoadAsFloat(d_float, p));
}

// ((0+4)+(2+6)) + ((1+5)+(3+7)), the order in which halves of a vector are folded.
HWY_INLINE double FoldPartialSums(const double* sums) {
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

template <class Op, class T>
HWY_INLINE double SumKernel(const float* HWY_RESTRICT a, const T* HWY_RESTRICT b, std::size_t dim) {
  const Doubles d;
  hn::Vec<Doubles> sums[kVectors];
  for (auto& sum : sums) sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + kPartialSums <= dim; i += kPartialSums) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t j = i + v * kLanes;
      sums[v] = hn::Add(sums[v], Op::Term(LoadAsDouble(a + j), LoadAsDouble(b + j)));
    }
  }
  HWY_ALIGN double partial[kPartialSums];
  for (std::size_t v = 0; v < kVectors; ++v) hn::Store(sums[v], d, partial + v * kLanes);
  if (i < dim) {  // zeros behind the end add nothing
    float a_tail[kPartialSums] = {};
    T b_tail[kPartialSums] = {};
    for (std::size_t j = 0; i + j < dim; ++j)
      a_tail[j] = LoadElement(a + i + j), b_tail[j] = LoadElement(b + i + j);
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t j = v * kLanes;
      hn::Store(hn::Add(sums[v], Op::Term(LoadAsDouble(a_tail + j), LoadAsDouble(b_tail + j))), d,
                partial + j);
    }
  }
  return FoldPartialSums(partial);
}

template <class T>
double L2Of(const float* query, const void* row, std::size_t dim) {
  return SumKernel<L2InF64>(query, static_cast<const T*>(row), dim);
}
template <class T>
double DotOf(const float* query, const void* row, std::size_t dim) {
  return SumKernel<DotInF64Op>(query, static_cast<const T*>(row), dim);
}

using SumFunction = double (*)(const float*, const void*, std::size_t);
constexpr SumFunction kL2[5] = {L2Of<float>, L2Of<F16>, L2Of<Bf16>, L2Of<std::uint8_t>,
                                L2Of<std::int8_t>};
constexpr SumFunction kDot[5] = {DotOf<float>, DotOf<F16>, DotOf<Bf16>, DotOf<std::uint8_t>,
                                 DotOf<std::int8_t>};

double SumOfL2(std::size_t type, const float* query, const void* row, std::size_t dim) {
  return kL2[type](query, row, dim);
}
double SumOfDot(std::size_t type, const float* query, const void* row, std::size_t dim) {
  return kDot[type](query, row, dim);
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {
namespace {

HWY_EXPORT(SumOfL2);
HWY_EXPORT(SumOfDot);

}  // namespace

double SquaredL2InF64(const float* a, const float* b, std::size_t dim) {
  return HWY_DYNAMIC_DISPATCH(SumOfL2)(0, a, b, dim);
}

double DotInF64(const float* a, const float* b, std::size_t dim) {
  return HWY_DYNAMIC_DISPATCH(SumOfDot)(0, a, b, dim);
}

double DistanceInF64(Metric metric, const float* query, const VectorRows& rows, std::size_t row) {
  assert(row < rows.rows && rows.type <= DataType::kI8);
  const auto type = static_cast<std::size_t>(rows.type);
  if (metric == Metric::kL2) {
    return HWY_DYNAMIC_DISPATCH(SumOfL2)(type, query, rows.row(row), rows.dim);
  }
  const double dot = HWY_DYNAMIC_DISPATCH(SumOfDot)(type, query, rows.row(row), rows.dim);
  return metric == Metric::kCosine ? 1 - dot : -dot;
}

}  // namespace kith
#endif  // HWY_ONCE
