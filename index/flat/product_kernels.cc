// A matrix product in the manner of Goto and van de Geijn ("Anatomy of high-performance matrix
// multiplication", TOMS 2008): both sides packed into panels that are read in order, and a tile
// of products held in registers while one pass over the dimensions fills it.
//
// The tile is as many queries as leave three vectors of rows and a broadcast in the register
// file: 8 x 48 with AVX-512 (24 of 32 registers), 4 x 24 with AVX2 (12 of 16).  Each step loads
// three vectors and broadcasts each query once, so 11 loads feed 24 multiply-adds.  Long vectors
// are cut into chunks, so that a chunk of a row panel stays in the second-level cache while all
// query panels pass by it; cutting also keeps the rounding bound small, for each chunk starts
// from zero.
#include "index/flat/product_kernels.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/prefetch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "index/flat/product_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
constexpr std::size_t kLanes = HWY_LANES(float);
constexpr std::size_t kTileVectors = 3;
constexpr std::size_t kTileQueries = kLanes == 16 ? 8 : 4;
constexpr std::size_t kTileRows = kTileVectors * kLanes;
static_assert(kTileRows <= kPanelRowsMax);

// A chunk of a row panel is 96 KiB with AVX-512: with 128 queries' worth beside it, it leaves
// most of a 1 MiB cache free (bench/kernels_bench, ExactSearch).
constexpr std::size_t kChunkDims = 512;

// dots += or = the products of one chunk of `dims` dimensions.
HWY_INLINE void MultiplyTile(const float* HWY_RESTRICT queries, const float* HWY_RESTRICT rows,
                             std::size_t dims, bool first, float* HWY_RESTRICT dots) {
  const Floats d;
  hn::Vec<Floats> sums[kTileQueries][kTileVectors];
#pragma GCC unroll 8
  for (std::size_t q = 0; q < kTileQueries; ++q) {
#pragma GCC unroll 3
    for (std::size_t v = 0; v < kTileVectors; ++v) sums[q][v] = hn::Zero(d);
  }
  for (std::size_t i = 0; i < dims; ++i) {
    const auto row0 = hn::Load(d, rows + i * kTileRows);
    const auto row1 = hn::Load(d, rows + i * kTileRows + kLanes);
    const auto row2 = hn::Load(d, rows + i * kTileRows + 2 * kLanes);
#pragma GCC unroll 8
    for (std::size_t q = 0; q < kTileQueries; ++q) {
      const auto query = hn::Set(d, queries[i * kTileQueries + q]);
      sums[q][0] = hn::MulAdd(query, row0, sums[q][0]);
      sums[q][1] = hn::MulAdd(query, row1, sums[q][1]);
      sums[q][2] = hn::MulAdd(query, row2, sums[q][2]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t q = 0; q < kTileQueries; ++q) {
#pragma GCC unroll 3
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      float* to = dots + q * kTileRows + v * kLanes;
      hn::Store(first ? sums[q][v] : hn::Add(hn::Load(d, to), sums[q][v]), d, to);
    }
  }
}

std::size_t ChunkDims(std::size_t dim) {  // chunks of equal size
  const std::size_t chunks = std::max<std::size_t>(1, (dim + kChunkDims - 1) / kChunkDims);
  return std::max<std::size_t>(1, (dim + chunks - 1) / chunks);
}

std::size_t Roundings(std::size_t dim) {
  const std::size_t chunk = ChunkDims(dim);
  return chunk + (dim + chunk - 1) / chunk + 2;  // + 2: a product rounded before it is added
}

PanelShape Shape() { return {.queries = kTileQueries, .rows = kTileRows}; }

void Multiply(const float* query_panels, std::size_t query_panel_count, const float* row_panel,
              std::size_t dim, float* dots) {
  const std::size_t chunk = ChunkDims(dim);
  for (std::size_t begin = 0; begin == 0 || begin < dim; begin += chunk) {
    const std::size_t dims = std::min(chunk, dim - begin);
    for (std::size_t p = 0; p < query_panel_count; ++p) {
      MultiplyTile(query_panels + (p * dim + begin) * kTileQueries, row_panel + begin * kTileRows,
                   dims, begin == 0, dots + p * kTileQueries * kTileRows);
    }
  }
}

std::size_t Select(const float* dots, std::size_t queries, const ScoreFilter& filter,
                   PanelHit* hits) {
  const Floats d;
  std::size_t count = 0;
  for (std::size_t q = 0; q < queries; ++q) {
    const auto threshold = hn::Set(d, filter.thresholds[q]);
    const auto bound = hn::Set(d, filter.query_bounds[q]);
    for (std::size_t r = 0; r < kTileRows; r += kLanes) {
      const auto score =
          hn::Sub(hn::LoadU(d, filter.row_offsets + r), hn::Load(d, dots + q * kTileRows + r));
      const auto low = hn::NegMulAdd(bound, hn::LoadU(d, filter.row_bounds + r), score);
      const auto near = hn::Le(low, threshold);
      if (HWY_LIKELY(hn::AllFalse(d, near))) continue;
      HWY_ALIGN float lows[kLanes];
      hn::Store(low, d, lows);
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (lows[lane] <= filter.thresholds[q]) {
          hits[count++] = {.query = static_cast<std::uint16_t>(q),
                           .row = static_cast<std::uint16_t>(r + lane),
                           .score_low = lows[lane]};
        }
      }
    }
  }
  return count;
}

// The transposition goes 16 elements of every vector at a time: whole cache lines on both sides.
void Pack(std::span<const float* const> vectors, std::span<const double> scales, std::size_t dim,
          std::size_t width, float* HWY_RESTRICT panel) {
  constexpr std::size_t kBlock = 16;
  for (std::size_t begin = 0; begin < dim; begin += kBlock) {
    const std::size_t end = std::min(dim, begin + kBlock);
    for (std::size_t v = 0; v < vectors.size(); ++v) {
      for (std::size_t i = begin; i < end; ++i) {
        panel[i * width + v] = static_cast<float>(vectors[v][i] * scales[v]);
      }
    }
    for (std::size_t i = begin; i < end; ++i) {
      std::fill(panel + i * width + vectors.size(), panel + (i + 1) * width, 0.0f);
    }
  }
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {
namespace {

HWY_EXPORT(Shape);
HWY_EXPORT(Roundings);
HWY_EXPORT(Multiply);
HWY_EXPORT(Select);
HWY_EXPORT(Pack);

}  // namespace

PanelShape ProductPanelShape() { return HWY_DYNAMIC_DISPATCH(Shape)(); }

std::size_t ProductRoundings(std::size_t dim) { return HWY_DYNAMIC_DISPATCH(Roundings)(dim); }

void PackPanel(std::span<const float* const> vectors, std::span<const double> scales,
               std::size_t dim, std::size_t width, std::span<float> panel) {
  assert(vectors.size() == scales.size() && vectors.size() <= width);
  assert(panel.size() == dim * width);
  HWY_DYNAMIC_DISPATCH(Pack)(vectors, scales, dim, width, panel.data());
}

void MultiplyPanels(const float* query_panels, std::size_t query_panel_count,
                    const float* row_panel, std::size_t dim, float* dots) {
  HWY_DYNAMIC_DISPATCH(Multiply)(query_panels, query_panel_count, row_panel, dim, dots);
}

std::size_t SelectHits(const float* dots, std::size_t queries, const ScoreFilter& filter,
                       PanelHit* hits) {
  return HWY_DYNAMIC_DISPATCH(Select)(dots, queries, filter, hits);
}

}  // namespace kith
#endif  // HWY_ONCE
