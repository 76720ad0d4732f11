// The inner loops of exact search: products of packed panels of queries and rows, and the choice
// of the pairs near enough to look at again.
//
// A panel interleaves a few vectors: all their first elements, then all their second ones, ...
// Query panels hold PanelShape::queries vectors, row panels PanelShape::rows; missing vectors are
// zeros.  The shape belongs to the instruction set in use (core/simd_target.h), which must not
// change between packing and multiplying.
//
// Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kith {

struct PanelShape {
  std::size_t queries = 0, rows = 0;
};

inline constexpr std::size_t kPanelRowsMax = 48;

PanelShape ProductPanelShape();

// Element i of vector v of a panel of `width` vectors is panel[i * width + v].
// panel[i * width + v] = vectors[v][i] * scales[v] for the vectors given, zero behind them.
// REQUIRES: vectors.size() == scales.size() <= width; panel.size() == dim * width.
void PackPanel(std::span<const float* const> vectors, std::span<const double> scales,
               std::size_t dim, std::size_t width, std::span<float> panel);

// Rounding steps that the dot products of MultiplyPanels go through, for error bounds.
std::size_t ProductRoundings(std::size_t dim);

// dots[q * PanelShape::rows + r] = sum(query q * row r) for the queries of `query_panels`, one
// panel of dim * PanelShape::queries floats after another, and the rows of one row panel.
// REQUIRES: all three aligned to 64 bytes, or to a multiple of whole panels from such a place.
void MultiplyPanels(const float* query_panels, std::size_t query_panel_count,
                    const float* row_panel, std::size_t dim, float* dots);

// A pair (query, row), by position in its tile, and the lower bound of its score.
struct PanelHit {
  std::uint16_t query = 0, row = 0;
  float score_low = 0;
};

// What turns the dot products of one row panel into lower bounds of scores:
//   score_low = (row_offsets[r] - dot) - query_bounds[q] * row_bounds[r]
struct ScoreFilter {
  const float* row_offsets = nullptr;  // one a row of the panel, NaN for missing rows
  const float* row_bounds = nullptr;
  const float* query_bounds = nullptr;  // one a query
  const float* thresholds = nullptr;    // one a query
};

// Writes the pairs with score_low <= threshold to `hits`, by query and then by row; returns how
// many.  REQUIRES: room for every pair.
std::size_t SelectHits(const float* dots, std::size_t queries, const ScoreFilter& filter,
                       PanelHit* hits);

}  // namespace kith
