// Matrix products after Goto and van de Geijn ("Anatomy of high-performance matrix
// multiplication", TOMS 2008): both sides are packed into strips that are read in order, and a
// tile of results is held in registers while one block of terms passes by.
//
// A BLAS would be faster by a third, but Debian's chooses its kernels by processor and sums in
// another order on each, so that what is trained on one machine would not be what is trained on
// the next.  Here each lane of a register is one element of the result: a wider register makes
// more elements at a time and changes none.  Products are rounded before they are added (this
// file is compiled with -ffp-contract=off), for a fused multiply-add does not exist everywhere;
// where adders and multipliers are separate units, as on Zen, that costs nothing.
#include "core/matrix_product.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "core/aligned_buffer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/matrix_product_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

#ifndef KITH_MATRIX_PRODUCT_OPERANDS
#define KITH_MATRIX_PRODUCT_OPERANDS
namespace kith {
namespace {

// Term k of row i of the left operand is data[i * row_stride + k * term_stride].
struct LeftOperand {
  const float* data;
  std::size_t rows, terms, row_stride, term_stride;
};

enum class Part { kAll, kUpperTriangle };

}  // namespace
}  // namespace kith
#endif

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::ScalableTag<float>;
constexpr std::size_t kLanes = HWY_LANES(float);
// 24 of 32 registers with AVX-512, 8 of 16 elsewhere, and room for a product and two operands.
constexpr std::size_t kTileRows = kLanes == 16 ? 12 : 4;
constexpr std::size_t kTileVectors = 2;
constexpr std::size_t kTileCols = kTileVectors * kLanes;
// A strip of the right side is at most 32 KiB, a block of the left one 96 KiB.  kTermBlock is
// part of what results are: see the header.
constexpr std::size_t kTermBlock = 256;
constexpr std::size_t kRowBlock = 96;
static_assert(kRowBlock % kTileRows == 0);

// tile = the sums over `terms` terms of one strip of each side.
HWY_INLINE void MultiplyStrips(const float* HWY_RESTRICT left, const float* HWY_RESTRICT right,
                               std::size_t terms, float* HWY_RESTRICT tile) {
  const Lanes d;
  hn::Vec<Lanes> sums[kTileRows][kTileVectors];
#pragma GCC unroll 12
  for (std::size_t i = 0; i < kTileRows; ++i) sums[i][0] = sums[i][1] = hn::Zero(d);
  for (std::size_t k = 0; k < terms; ++k) {
    const auto right0 = hn::Load(d, right + k * kTileCols);
    const auto right1 = hn::Load(d, right + k * kTileCols + kLanes);
#pragma GCC unroll 12
    for (std::size_t i = 0; i < kTileRows; ++i) {
      const auto factor = hn::Set(d, left[k * kTileRows + i]);
      sums[i][0] = hn::Add(sums[i][0], hn::Mul(factor, right0));
      sums[i][1] = hn::Add(sums[i][1], hn::Mul(factor, right1));
    }
  }
#pragma GCC unroll 12
  for (std::size_t i = 0; i < kTileRows; ++i) {
    hn::Store(sums[i][0], d, tile + i * kTileCols);
    hn::Store(sums[i][1], d, tile + i * kTileCols + kLanes);
  }
}

// Strips of kTileRows rows, term by term; zeros for rows that do not exist.
void PackLeft(const LeftOperand& a, std::size_t row, std::size_t rows, std::size_t term,
              std::size_t terms, float* HWY_RESTRICT strips) {
  for (std::size_t i0 = 0; i0 < rows; i0 += kTileRows, strips += terms * kTileRows) {
    const float* from = a.data + (row + i0) * a.row_stride + term * a.term_stride;
    const std::size_t width = std::min(kTileRows, rows - i0);
    for (std::size_t k = 0; k < terms; ++k) {
      float* to = strips + k * kTileRows;
      for (std::size_t i = 0; i < width; ++i) to[i] = from[i * a.row_stride + k * a.term_stride];
      for (std::size_t i = width; i < kTileRows; ++i) to[i] = 0;
    }
  }
}

// Strips of kTileCols columns, term by term; zeros for columns that do not exist.
void PackRight(MatrixView<const float> b, std::size_t term, std::size_t terms,
               float* HWY_RESTRICT strips) {
  for (std::size_t j = 0; j < b.cols(); j += kTileCols) {
    const std::size_t width = std::min(kTileCols, b.cols() - j);
    for (std::size_t k = 0; k < terms; ++k, strips += kTileCols) {
      const float* from = b.data() + (term + k) * b.stride() + j;
      std::copy(from, from + width, strips);
      std::fill(strips + width, strips + kTileCols, 0.0f);
    }
  }
}

HWY_INLINE void UpdateTile(const float* HWY_RESTRICT tile, std::size_t rows, std::size_t cols,
                           ProductUpdate update, float* HWY_RESTRICT result, std::size_t stride) {
  for (std::size_t i = 0; i < rows; ++i, tile += kTileCols, result += stride) {
    if (update == ProductUpdate::kSet) {
      std::copy(tile, tile + cols, result);
    } else if (update == ProductUpdate::kAdd) {
      for (std::size_t j = 0; j < cols; ++j) result[j] += tile[j];
    } else {
      for (std::size_t j = 0; j < cols; ++j) result[j] -= tile[j];
    }
  }
}

void Product(const LeftOperand& a, MatrixView<const float> b, ProductUpdate update, Part part,
             MatrixView<float> result) {
  const std::size_t block = std::min(kTermBlock, a.terms);
  AlignedBuffer left_buffer(kRowBlock * block * sizeof(float));
  AlignedBuffer right_buffer(RoundUp(b.cols(), kTileCols) * block * sizeof(float));
  float* left = left_buffer.as<float>().data();
  float* right = right_buffer.as<float>().data();
  HWY_ALIGN float tile[kTileRows * kTileCols];

  for (std::size_t term = 0; term < a.terms; term += kTermBlock) {
    const std::size_t terms = std::min(kTermBlock, a.terms - term);
    PackRight(b, term, terms, right);
    for (std::size_t row = 0; row < a.rows; row += kRowBlock) {
      const std::size_t rows = std::min(kRowBlock, a.rows - row);
      PackLeft(a, row, rows, term, terms, left);
      for (std::size_t j = 0; j < b.cols(); j += kTileCols) {
        const std::size_t cols = std::min(kTileCols, b.cols() - j);
        for (std::size_t i = 0; i < rows; i += kTileRows) {
          if (part == Part::kUpperTriangle && row + i >= j + cols) break;
          MultiplyStrips(left + i * terms, right + j * terms, terms, tile);
          UpdateTile(tile, std::min(kTileRows, rows - i), cols, update,
                     result.data() + (row + i) * result.stride() + j, result.stride());
        }
      }
    }
    if (update == ProductUpdate::kSet) update = ProductUpdate::kAdd;
  }
}

void AddScaledRow(float factor, const float* HWY_RESTRICT x, float* HWY_RESTRICT y,
                  std::size_t size) {
  const Lanes d;
  const auto factors = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, y + i), hn::Mul(factors, hn::LoadU(d, x + i))), d, y + i);
  }
  for (; i < size; ++i) y[i] += factor * x[i];
}

}  // namespace
}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {
namespace {

HWY_EXPORT(Product);
HWY_EXPORT(AddScaledRow);

// No terms: the sum is zero.
bool IsEmptySum(std::size_t terms, ProductUpdate update, MatrixView<float> result) {
  if (terms > 0) return false;
  for (std::size_t r = 0; update == ProductUpdate::kSet && r < result.rows(); ++r) {
    std::ranges::fill(result.row(r), 0.0f);
  }
  return true;
}

}  // namespace

void MultiplyMatrices(MatrixView<const float> a, MatrixView<const float> b, ProductUpdate update,
                      MatrixView<float> result) {
  assert(a.cols() == b.rows() && result.rows() == a.rows() && result.cols() == b.cols());
  if (IsEmptySum(a.cols(), update, result)) return;
  const LeftOperand left{a.data(), a.rows(), a.cols(), a.stride(), 1};
  HWY_DYNAMIC_DISPATCH(Product)(left, b, update, Part::kAll, result);
}

void GramMatrix(MatrixView<const float> rows, MatrixView<float> gram) {
  assert(gram.rows() == rows.cols() && gram.cols() == rows.cols());
  if (IsEmptySum(rows.rows(), ProductUpdate::kSet, gram)) return;
  const LeftOperand left{rows.data(), rows.cols(), rows.rows(), 1, rows.stride()};
  HWY_DYNAMIC_DISPATCH(Product)(left, rows, ProductUpdate::kSet, Part::kUpperTriangle, gram);
  for (std::size_t i = 0; i < gram.rows(); ++i) {
    for (std::size_t j = 0; j < i; ++j) gram.row(i)[j] = gram.row(j)[i];
  }
}

void TransposeMatrix(MatrixView<const float> a, MatrixView<float> result) {
  assert(result.rows() == a.cols() && result.cols() == a.rows());
  constexpr std::size_t kBlock = 16;  // whole cache lines on both sides
  for (std::size_t i0 = 0; i0 < a.rows(); i0 += kBlock) {
    const std::size_t i_end = std::min(a.rows(), i0 + kBlock);
    for (std::size_t j0 = 0; j0 < a.cols(); j0 += kBlock) {
      const std::size_t j_end = std::min(a.cols(), j0 + kBlock);
      for (std::size_t i = i0; i < i_end; ++i) {
        const float* from = a.data() + i * a.stride();
        for (std::size_t j = j0; j < j_end; ++j) result.data()[j * result.stride() + i] = from[j];
      }
    }
  }
}

void AddScaled(float factor, std::span<const float> x, std::span<float> y) {
  assert(x.size() == y.size());
  HWY_DYNAMIC_DISPATCH(AddScaledRow)(factor, x.data(), y.data(), x.size());
}

}  // namespace kith
#endif  // HWY_ONCE
