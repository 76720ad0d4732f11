// Brute force at the speed of a matrix product, with float64 answers.
//
// Rows are ranked by a score that orders them as the distance does and is a dot product plus a
// constant of the row:
//
//   l2      |b|^2 / 2 - q b       (the distance is twice the score plus |q|^2)
//   ip      -q b
//   cosine  -q' b', both scaled to length 1
//
// index/flat/product_kernels.h computes dot products in f32.  How wrong they can be is known: with
// m rounding steps, |computed - exact| <= gamma(m) |q| |b|, gamma(m) = m u / (1 - m u), u = 2^-24
// (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1).  So each pair has
// an interval [low, high] that holds its exact score, and two facts settle who is a candidate:
//
//   - the k-th smallest `high` seen so far is at or above the k-th smallest score, so a pair whose
//     `low` is above it is out;
//   - once k pairs have been compared in float64, a pair whose `low` is above the k-th of those is
//     out.
//
// Whoever is not out is kept in a buffer; when the buffer is full it is pruned by the first fact,
// and if that leaves too many (equal rows, rows nearer to each other than the bound can tell), the
// buffer is compared in float64 and emptied.  In the worst case that is a float64 scan; on real
// data about k (1 + 1/2 + ... + 1/blocks) rows a query are compared in float64.  Nothing is ever
// dropped without proof, so the result depends neither on blocks nor on threads.
//
// Underflow and overflow: both sides are multiplied by one power of two that brings the longest
// query to length 1 (exact; cosine: to length 1 each, two roundings more).  Rows longer than 2^60
// times that are not multiplied at all: their interval is everything.  The constants below leave
// room for the roundings of the bound's own arithmetic: a score takes two (each at most
// u (|offset| + |q b|)), a bound three.
//
// Rejected: keeping the exact differences (q - b)^2 in f32 (half the speed, and still a bound and
// a second pass to be exact); centring the data (bounds shrink by the mean's share, but integers
// stop being exact); pruning on the computed values alone, as libraries do (wrong on ties).
#include "index/flat/exact_search.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/distance.h"
#include "core/distance64.h"
#include "core/prefetch.h"
#include "index/flat/exact_neighbor.h"
#include "index/flat/product_kernels.h"
#include "index/vector_index.h"

namespace kith {
namespace {

constexpr std::size_t kPackedBytes = std::size_t{8} << 20;  // rows packed at a time: in the L3
constexpr std::size_t kPanelsMin = 4;                       // packed at a time, however long
constexpr std::size_t kTileQueriesMax = 128;
constexpr std::size_t kTilesWanted = 16;  // so that few queries still fill some threads
constexpr std::size_t kCandidateSlack = 128;

constexpr double kUnit = 0x1p-24;         // f32 rounding
constexpr double kUnit64 = 0x1p-38;       // more than float64 sums of 65,536 terms are off
constexpr double kLengthMax = 0x1p60;     // of a scaled row that is multiplied
constexpr double kLengthSlack = 0x1p-50;  // covers underflow, up to 2^28 dimensions
constexpr int kScaleExponentMax = 100;

struct Candidate {
  float score_low = 0;
  std::uint32_t row = 0;  // in the block
};

float RoundUpToFloat(double x) {
  const float rounded = static_cast<float>(x);
  return rounded < x ? std::nextafter(rounded, std::numeric_limits<float>::infinity()) : rounded;
}

double Length(std::span<const float> vector) {
  return std::sqrt(DotInF64(vector.data(), vector.data(), vector.size()));
}

}  // namespace

class ExactSearch::Impl {
 public:
  Impl(MatrixView<const float> queries, Metric metric, std::size_t k, ThreadPool& pool);
  Status AddBlock(MatrixView<const float> block, std::uint64_t first_row,
                  const Cancellation& cancellation);
  Matrix<Neighbor> Finish();

 private:
  struct Scratch {
    AlignedBuffer dots;
    std::vector<PanelHit> hits;
    std::vector<double> highs;
  };

  std::size_t dim() const { return queries_.cols(); }
  void PackQueries();
  Status PackRows(std::size_t first_panel, std::size_t panels, const Cancellation& cancellation);
  Status PackRowPanel(std::size_t panel, std::span<float> packed);
  void SearchTile(std::size_t tile, std::size_t first_panel, std::size_t panels, Scratch& scratch);
  void Push(std::size_t q, Candidate candidate, Scratch& scratch);
  void Prune(std::size_t q, Scratch& scratch);
  void CompareExactly(std::size_t q);
  double ExactDistance(std::size_t q, std::size_t row) const;
  float ThresholdOf(std::size_t q, double distance) const;

  const MatrixView<const float> queries_;
  const Metric metric_;
  const std::size_t k_;
  ThreadPool& pool_;
  const PanelShape shape_ = ProductPanelShape();
  std::size_t tile_queries_ = 0;
  Status queries_finite_;

  // One a query (query_bounds_ and thresholds_: of scores, scaled).
  std::vector<double> query_lengths_;
  std::vector<float> query_bounds_, thresholds_;
  AlignedBuffer packed_queries_;
  double scale_ = 1;  // power of two
  double score_scale_ = 1;

  // candidate_room_ and k_ places a query.
  std::size_t candidate_room_ = 0;
  std::vector<Candidate> candidates_;
  std::vector<ExactNeighbor> entries_;  // heaps, farthest first
  std::vector<std::uint32_t> candidate_counts_, entry_counts_;

  // Of the block being added, one a row, filled up to whole panels.
  MatrixView<const float> block_;
  std::uint64_t first_row_ = 0;
  std::vector<double> row_lengths_;
  std::vector<float> row_offsets_, row_bounds_;
  AlignedBuffer packed_rows_;
  std::vector<Scratch> scratch_;  // one a worker
};

ExactSearch::Impl::Impl(MatrixView<const float> queries, Metric metric, std::size_t k,
                        ThreadPool& pool)
    : queries_(queries), metric_(metric), k_(k), pool_(pool) {
  assert(k > 0);
  const std::size_t count = queries.rows();
  tile_queries_ = std::clamp(RoundUp(count / kTilesWanted + 1, shape_.queries), shape_.queries,
                             kTileQueriesMax);
  candidate_room_ = 2 * k + kCandidateSlack;
  thresholds_.assign(count, std::numeric_limits<float>::infinity());
  candidates_.resize(count * candidate_room_);
  entries_.resize(count * k);
  candidate_counts_.assign(count, 0);
  entry_counts_.assign(count, 0);
  for (std::size_t q = 0; q < count && queries_finite_.ok(); ++q) {
    queries_finite_ = CheckFinite(queries.row(q), "query " + std::to_string(q));
  }
  if (queries_finite_.ok()) PackQueries();
  scratch_.resize(pool.threads());
  for (Scratch& scratch : scratch_) {
    scratch.dots = AlignedBuffer(tile_queries_ * shape_.rows * sizeof(float));
    scratch.hits.resize(tile_queries_ * shape_.rows);
    scratch.highs.reserve(candidate_room_);
  }
}

void ExactSearch::Impl::PackQueries() {
  const std::size_t count = queries_.rows();
  query_lengths_.resize(count);
  query_bounds_.resize(count);
  double longest = 0;
  for (std::size_t q = 0; q < count; ++q) {
    query_lengths_[q] = Length(queries_.row(q));
    longest = std::max(longest, query_lengths_[q]);
  }
  if (metric_ != Metric::kCosine && longest > 0) {
    const int exponent = std::ilogb(longest) + 1;
    scale_ = std::ldexp(1.0, -std::clamp(exponent, -kScaleExponentMax, kScaleExponentMax));
    score_scale_ = scale_ * scale_;
  }
  const double roundings = static_cast<double>(ProductRoundings(dim())) * kUnit;
  const double gamma = roundings / (1 - roundings);

  const std::size_t panel_floats = shape_.queries * dim();
  const std::size_t panels = (count + shape_.queries - 1) / shape_.queries;
  packed_queries_ = AlignedBuffer(panels * panel_floats * sizeof(float));
  const std::span<float> packed = packed_queries_.as<float>();
  pool_.ParallelFor(panels, 16, [&](std::size_t begin, std::size_t end, std::size_t) {
    std::vector<const float*> vectors;
    std::vector<double> scales;
    for (std::size_t p = begin; p < end; ++p) {
      vectors.clear(), scales.clear();
      for (std::size_t q = p * shape_.queries; q < std::min(count, (p + 1) * shape_.queries); ++q) {
        double scale = scale_;
        if (metric_ == Metric::kCosine) scale = query_lengths_[q] > 0 ? 1 / query_lengths_[q] : 0;
        vectors.push_back(queries_.row(q).data());
        scales.push_back(scale);
        const double length = query_lengths_[q] * scale * (1 + 0x1p-20) + kLengthSlack;
        query_bounds_[q] = static_cast<float>((gamma + 16 * kUnit) * length * (1 + 0x1p-20));
      }
      PackPanel(vectors, scales, dim(), shape_.queries,
                packed.subspan(p * panel_floats, panel_floats));
    }
  });
}

Status ExactSearch::Impl::AddBlock(MatrixView<const float> block, std::uint64_t first_row,
                                   const Cancellation& cancellation) {
  TRY(Status(queries_finite_));
  if (block.empty()) return cancellation.Check();
  if (block.cols() != dim()) {
    return Error{ErrorCode::kInvalidArgument, "block has " + std::to_string(block.cols()) +
                                                  " dimensions, the queries have " +
                                                  std::to_string(dim())};
  }
  if (first_row > kNoNeighbor || block.rows() > kNoNeighbor - first_row) {
    return Error{ErrorCode::kInvalidArgument,
                 "row " + std::to_string(first_row + block.rows() - 1) + ": expected below " +
                     std::to_string(kNoNeighbor)};
  }
  block_ = block;
  first_row_ = first_row;
  const std::size_t panels = (block.rows() + shape_.rows - 1) / shape_.rows;
  row_lengths_.resize(block.rows());
  row_offsets_.assign(panels * shape_.rows, std::numeric_limits<float>::quiet_NaN());
  row_bounds_.assign(panels * shape_.rows, 0);
  const std::size_t panel_bytes = shape_.rows * dim() * sizeof(float);
  const std::size_t step = std::min(panels, std::max(kPanelsMin, kPackedBytes / panel_bytes));
  if (packed_rows_.size() < step * panel_bytes) packed_rows_ = AlignedBuffer(step * panel_bytes);

  const std::size_t tiles = (queries_.rows() + tile_queries_ - 1) / tile_queries_;
  for (std::size_t first = 0; first < panels; first += step) {
    const std::size_t here = std::min(step, panels - first);
    TRY(PackRows(first, here, cancellation));
    TRY(pool_.TryParallelFor(tiles, 1, cancellation,
                             [&](std::size_t tile, std::size_t, std::size_t worker) -> Status {
                               SearchTile(tile, first, here, scratch_[worker]);
                               return {};
                             }));
  }
  TRY(pool_.TryParallelFor(queries_.rows(), 16, cancellation,
                           [&](std::size_t begin, std::size_t end, std::size_t worker) -> Status {
                             for (std::size_t q = begin; q < end; ++q) {
                               Prune(q, scratch_[worker]);
                               CompareExactly(q);
                             }
                             return {};
                           }));
  return {};
}

Status ExactSearch::Impl::PackRows(std::size_t first_panel, std::size_t panels,
                                   const Cancellation& cancellation) {
  const std::size_t panel_floats = shape_.rows * dim();
  return pool_.TryParallelFor(
      panels, 1, cancellation, [&](std::size_t p, std::size_t, std::size_t) -> Status {
        return PackRowPanel(first_panel + p,
                            packed_rows_.as<float>().subspan(p * panel_floats, panel_floats));
      });
}

// Packs one panel and computes what the filter needs of its rows.
Status ExactSearch::Impl::PackRowPanel(std::size_t panel, std::span<float> packed) {
  const float* vectors[kPanelRowsMax];
  double scales[kPanelRowsMax];
  const std::size_t first = panel * shape_.rows;
  const std::size_t count = std::min(shape_.rows, block_.rows() - first);
  for (std::size_t r = 0; r < count; ++r) {
    const std::span<const float> row = block_.row(first + r);
    if (HasNonFinite(row)) return CheckFinite(row, "row " + std::to_string(first_row_ + first + r));
    const double length = Length(row);
    double scale = scale_;
    if (metric_ == Metric::kCosine) scale = length > 0 ? 1 / length : 0;
    double scaled_length = length * scale;
    float offset = 0;
    if (scaled_length > kLengthMax) {  // not multiplied: a candidate of every query
      offset = -std::numeric_limits<float>::infinity();
      scale = scaled_length = 0;
    } else if (metric_ == Metric::kL2) {
      offset = static_cast<float>(scaled_length * scaled_length / 2 * (1 - 8 * kUnit));
    }
    row_lengths_[first + r] = length;
    row_offsets_[first + r] = offset;
    row_bounds_[first + r] = static_cast<float>(scaled_length * (1 + 0x1p-20) + kLengthSlack);
    vectors[r] = row.data();
    scales[r] = scale;
  }
  PackPanel({vectors, count}, {scales, count}, dim(), shape_.rows, packed);
  return {};
}

void ExactSearch::Impl::SearchTile(std::size_t tile, std::size_t first_panel, std::size_t panels,
                                   Scratch& scratch) {
  const std::size_t first = tile * tile_queries_;
  const std::size_t count = std::min(tile_queries_, queries_.rows() - first);
  const float* queries = packed_queries_.as<float>().data() + first * dim();
  float* dots = scratch.dots.as<float>().data();
  for (std::size_t p = 0; p < panels; ++p) {
    const float* rows = packed_rows_.as<float>().data() + p * shape_.rows * dim();
    MultiplyPanels(queries, (count + shape_.queries - 1) / shape_.queries, rows, dim(), dots);
    const std::size_t first_row = (first_panel + p) * shape_.rows;
    const ScoreFilter filter{.row_offsets = &row_offsets_[first_row],
                             .row_bounds = &row_bounds_[first_row],
                             .query_bounds = &query_bounds_[first],
                             .thresholds = &thresholds_[first]};
    const std::size_t hits = SelectHits(dots, count, filter, scratch.hits.data());
    for (std::size_t i = 0; i < hits; ++i) {
      const PanelHit& hit = scratch.hits[i];
      Push(first + hit.query,
           {.score_low = hit.score_low, .row = static_cast<std::uint32_t>(first_row + hit.row)},
           scratch);
    }
  }
}

void ExactSearch::Impl::Push(std::size_t q, Candidate candidate, Scratch& scratch) {
  if (candidate_counts_[q] == candidate_room_) {
    Prune(q, scratch);
    if (candidate_counts_[q] > candidate_room_ / 4 * 3) CompareExactly(q);
  }
  if (candidate.score_low <= thresholds_[q]) {
    candidates_[q * candidate_room_ + candidate_counts_[q]++] = candidate;
  }
}

// Drops the candidates that cannot be among the k nearest.  Keeps the order of rows.
void ExactSearch::Impl::Prune(std::size_t q, Scratch& scratch) {
  const std::span<Candidate> candidates(&candidates_[q * candidate_room_], candidate_counts_[q]);
  if (candidates.size() > k_) {
    scratch.highs.clear();
    for (const Candidate& candidate : candidates) {
      const double offset = row_offsets_[candidate.row];
      const double bound = double{query_bounds_[q]} * row_bounds_[candidate.row];
      scratch.highs.push_back(offset < 0
                                  ? std::numeric_limits<double>::infinity()
                                  : candidate.score_low + 2.001 * bound + 32 * kUnit * offset);
    }
    std::nth_element(scratch.highs.begin(), scratch.highs.begin() + (k_ - 1), scratch.highs.end());
    thresholds_[q] = std::min(thresholds_[q], RoundUpToFloat(scratch.highs[k_ - 1]));
  }
  const auto kept = std::remove_if(
      candidates.begin(), candidates.end(),
      [&](const Candidate& candidate) { return candidate.score_low > thresholds_[q]; });
  candidate_counts_[q] = static_cast<std::uint32_t>(kept - candidates.begin());
}

// Moves the candidates to the float64 heap.
void ExactSearch::Impl::CompareExactly(std::size_t q) {
  const std::span<const Candidate> candidates(&candidates_[q * candidate_room_],
                                              candidate_counts_[q]);
  ExactNeighbor* heap = &entries_[q * k_];
  std::uint32_t& size = entry_counts_[q];
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i + 1 < candidates.size()) {
      PrefetchRow(block_.row(candidates[i + 1].row).data(), dim() * sizeof(float));
    }
    const std::uint32_t row = candidates[i].row;
    PushNearest(
        heap, size, k_,
        {.distance = ExactDistance(q, row), .id = static_cast<std::uint32_t>(first_row_ + row)});
  }
  candidate_counts_[q] = 0;
  if (size == k_) thresholds_[q] = std::min(thresholds_[q], ThresholdOf(q, heap[0].distance));
}

double ExactSearch::Impl::ExactDistance(std::size_t q, std::size_t row) const {
  const float* query = queries_.row(q).data();
  const float* vector = block_.row(row).data();
  if (metric_ == Metric::kL2) return SquaredL2InF64(query, vector, dim());
  const double dot = DotInF64(query, vector, dim());
  if (metric_ == Metric::kInnerProduct) return -dot;
  const double lengths = query_lengths_[q] * row_lengths_[row];
  return lengths > 0 ? 1 - dot / lengths : 1;
}

// The score above which a row is farther than `distance`, float64 rounding of both included.
float ExactSearch::Impl::ThresholdOf(std::size_t q, double distance) const {
  if (metric_ == Metric::kCosine) return RoundUpToFloat(distance - 1 + kUnit64);
  const double slack = std::abs(distance) * kUnit64;
  if (metric_ == Metric::kInnerProduct) return RoundUpToFloat((distance + slack) * score_scale_);
  const double square = query_lengths_[q] * query_lengths_[q];
  return RoundUpToFloat((distance + slack - square * (1 - kUnit64)) / 2 * score_scale_);
}

Matrix<Neighbor> ExactSearch::Impl::Finish() {
  Matrix<Neighbor> result(queries_.rows(), k_);
  for (std::size_t q = 0; q < queries_.rows(); ++q) {
    const std::span<ExactNeighbor> entries(&entries_[q * k_], entry_counts_[q]);
    std::sort_heap(entries.begin(), entries.end());
    const std::span<Neighbor> out = result.row(q);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      out[i] = {.distance = static_cast<float>(entries[i].distance), .id = entries[i].id};
    }
    std::fill(out.begin() + entries.size(), out.end(), Neighbor{.id = kNoNeighbor});
  }
  return result;
}

ExactSearch::ExactSearch(MatrixView<const float> queries, Metric metric, std::size_t k,
                         ThreadPool& pool)
    : impl_(std::make_unique<Impl>(queries, metric, k, pool)) {}
ExactSearch::~ExactSearch() = default;

Status ExactSearch::AddBlock(MatrixView<const float> block, std::uint64_t first_row,
                             const Cancellation& cancellation) {
  return impl_->AddBlock(block, first_row, cancellation);
}

Matrix<Neighbor> ExactSearch::Finish() { return impl_->Finish(); }

}  // namespace kith
