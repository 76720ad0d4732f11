// See the header.  Compiled with -ffp-contract=off, so that no product is fused with a sum on the
// targets that could.
//
// Rotations come in long descending chains that touch row after row of the whole matrix, six
// operations for each element moved.  So columns are handled in narrow strips: a strip is copied
// to a buffer that stays in the second-level cache, all rotations pass over it, the row that two
// successive rotations share stays in registers, and the strip is copied back.
#include "core/symmetric_eigen_kernels.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "core/aligned_buffer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/symmetric_eigen_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::ScalableTag<double>;
constexpr std::size_t kLanes = HWY_LANES(double);
constexpr std::size_t kStripVectors = 4;
constexpr std::size_t kStrip = kStripVectors * kLanes;

void AddWeightedRows(const double* weights, MatrixView<const double> rows,
                     double* HWY_RESTRICT sums) {
  const Doubles d;
  const std::size_t cols = rows.cols(), stride = rows.stride();
  std::size_t i = 0;
  for (; i + 4 <= rows.rows(); i += 4) {  // four rows for each pass over the sums
    const double* HWY_RESTRICT row = rows.data() + i * stride;
    const double w0 = weights[i], w1 = weights[i + 1], w2 = weights[i + 2], w3 = weights[i + 3];
    const auto v0 = hn::Set(d, w0), v1 = hn::Set(d, w1), v2 = hn::Set(d, w2), v3 = hn::Set(d, w3);
    std::size_t j = 0;
    for (; j + kLanes <= cols; j += kLanes) {
      auto sum = hn::LoadU(d, sums + j);
      sum = hn::Add(sum, hn::Mul(v0, hn::LoadU(d, row + j)));
      sum = hn::Add(sum, hn::Mul(v1, hn::LoadU(d, row + stride + j)));
      sum = hn::Add(sum, hn::Mul(v2, hn::LoadU(d, row + 2 * stride + j)));
      sum = hn::Add(sum, hn::Mul(v3, hn::LoadU(d, row + 3 * stride + j)));
      hn::StoreU(sum, d, sums + j);
    }
    for (; j < cols; ++j) {
      sums[j] = (((sums[j] + w0 * row[j]) + w1 * row[stride + j]) + w2 * row[2 * stride + j]) +
                w3 * row[3 * stride + j];
    }
  }
  for (; i < rows.rows(); ++i) {
    const double* HWY_RESTRICT row = rows.data() + i * stride;
    for (std::size_t j = 0; j < cols; ++j) sums[j] += weights[i] * row[j];
  }
}

void SubtractOuter(const double* x, const double* HWY_RESTRICT y, MatrixView<double> matrix) {
  const Doubles d;
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    double* HWY_RESTRICT row = matrix.data() + i * matrix.stride();
    const auto factor = hn::Set(d, x[i]);
    std::size_t j = 0;
    for (; j + kLanes <= matrix.cols(); j += kLanes) {
      hn::StoreU(hn::Sub(hn::LoadU(d, row + j), hn::Mul(factor, hn::LoadU(d, y + j))), d, row + j);
    }
    for (; j < matrix.cols(); ++j) row[j] -= x[i] * y[j];
  }
}

void SubtractSymmetric(const double* HWY_RESTRICT x, const double* HWY_RESTRICT y,
                       MatrixView<double> matrix) {
  const Doubles d;
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    double* HWY_RESTRICT row = matrix.data() + i * matrix.stride();
    const auto xi = hn::Set(d, x[i]), yi = hn::Set(d, y[i]);
    std::size_t j = 0;
    for (; j + kLanes <= matrix.cols(); j += kLanes) {
      const auto xy = hn::Mul(xi, hn::LoadU(d, y + j)), yx = hn::Mul(yi, hn::LoadU(d, x + j));
      hn::StoreU(hn::Sub(hn::LoadU(d, row + j), hn::Add(xy, yx)), d, row + j);
    }
    for (; j < matrix.cols(); ++j) row[j] -= x[i] * y[j] + y[i] * x[j];
  }
}

// `strip` holds rows of kStrip elements.
void RotateStrip(std::span<const PlaneRotation> rotations, double* HWY_RESTRICT strip) {
  const Doubles d;
  hn::Vec<Doubles> upper[kStripVectors];  // the row that the rotation before left behind
#pragma GCC unroll 4
  for (auto& u : upper) u = hn::Zero(d);
  const double* held = nullptr;
  for (std::size_t n = 0; n < rotations.size(); ++n) {
    const PlaneRotation& rotation = rotations[n];
    double* low = strip + rotation.row * kStrip;
    double* high = low + kStrip;
    if (held != high) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kStripVectors; ++v) upper[v] = hn::Load(d, high + v * kLanes);
    }
    const auto cosine = hn::Set(d, rotation.cosine), sine = hn::Set(d, rotation.sine);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kStripVectors; ++v) {
      const auto lower = hn::Load(d, low + v * kLanes);
      hn::Store(hn::Add(hn::Mul(sine, lower), hn::Mul(cosine, upper[v])), d, high + v * kLanes);
      upper[v] = hn::Sub(hn::Mul(cosine, lower), hn::Mul(sine, upper[v]));
    }
    held = low;
    const bool shared = n + 1 < rotations.size() && rotations[n + 1].row + 1 == rotation.row;
    if (!shared) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kStripVectors; ++v) hn::Store(upper[v], d, low + v * kLanes);
      held = nullptr;
    }
  }
}

void Rotate(std::span<const PlaneRotation> rotations, MatrixView<double> rows) {
  AlignedBuffer buffer(rows.rows() * kStrip * sizeof(double));
  double* strip = buffer.as<double>().data();
  for (std::size_t j = 0; j < rows.cols(); j += kStrip) {
    const std::size_t width = std::min(kStrip, rows.cols() - j);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const double* from = rows.data() + i * rows.stride() + j;
      std::copy(from, from + width, strip + i * kStrip);
    }
    RotateStrip(rotations, strip);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const double* from = strip + i * kStrip;
      std::copy(from, from + width, rows.data() + i * rows.stride() + j);
    }
  }
}

}  // namespace
}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {
namespace {

HWY_EXPORT(AddWeightedRows);
HWY_EXPORT(SubtractOuter);
HWY_EXPORT(SubtractSymmetric);
HWY_EXPORT(Rotate);

}  // namespace

void SumWeightedRows(std::span<const double> weights, MatrixView<const double> rows,
                     std::span<double> sums) {
  assert(weights.size() == rows.rows() && sums.size() == rows.cols());
  std::ranges::fill(sums, 0.0);
  HWY_DYNAMIC_DISPATCH(AddWeightedRows)(weights.data(), rows, sums.data());
}

void SubtractOuterProduct(std::span<const double> x, std::span<const double> y,
                          MatrixView<double> matrix) {
  assert(x.size() == matrix.rows() && y.size() == matrix.cols());
  HWY_DYNAMIC_DISPATCH(SubtractOuter)(x.data(), y.data(), matrix);
}

void SubtractSymmetricProduct(std::span<const double> x, std::span<const double> y,
                              MatrixView<double> matrix) {
  assert(x.size() == matrix.rows() && y.size() == x.size() && matrix.cols() == x.size());
  HWY_DYNAMIC_DISPATCH(SubtractSymmetric)(x.data(), y.data(), matrix);
}

void RotateRows(std::span<const PlaneRotation> rotations, MatrixView<double> rows) {
  assert(std::ranges::all_of(rotations, [&](const auto& r) { return r.row + 1 < rows.rows(); }));
  HWY_DYNAMIC_DISPATCH(Rotate)(rotations, rows);
}

}  // namespace kith
#endif  // HWY_ONCE
