// Why int8: the multiplication reads all of M for every vector, so its bytes are its time.  784 x
// 256 int8 are 196 KiB and stay in the second-level cache; floats would not.  R mixes every
// direction into every row, so the values of a row are alike in size and one scale a row loses
// little: at most 6e-5 of the energy on the data sets tried, rounding of the vector included, where
// a 4-bit code behind the projection loses 1e-2.  One core with AVX-512 VNNI takes 2.4 us for 784
// to 256 dims, with AVX2 4.9 us; to go back takes 10 us.
//
// Bytes of the vector are unsigned, as the instruction wants it, 128 above what they mean; what
// that adds to a sum is 128 times the sum of the row, known beforehand.
//
// For inner products the query is not centred.  Its mean-free part is still what is rounded to 8
// bits, because embeddings have a few dims that are large in every vector and would take all of
// the 8 bits; M mean is added afterwards.
#include "index/codec/pca_projection.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>
#include <string>

#include "core/aligned_buffer.h"
#include "core/distance64.h"
#include "core/matrix_product.h"
#include "index/codec/equalizing_rotation.h"
#include "index/codec/projection_kernels.h"

namespace kith {
namespace {

// Rows multiplied at a time: their sums stay on the stack.
constexpr std::size_t kRowsAtOnce = 64;

// R V' of the first `rank` directions.
Matrix<float> RotateDirections(const PrincipalComponents& components, std::size_t rank,
                               std::uint64_t seed) {
  const Matrix<float> rotation =
      EqualizingRotation(std::span(components.variances).first(rank), seed);
  Matrix<float> rows(rank, components.directions.cols());
  MultiplyMatrices(rotation.view(), components.directions.view().rows(0, rank), ProductUpdate::kSet,
                   rows.view());
  return rows;
}

// The axes, for a projection that drops nothing: any directions do, so none are computed.
PrincipalComponents AllDirections(const Covariance& covariance) {
  const std::size_t dim = covariance.dim();
  PrincipalComponents axes{covariance.mean, Matrix<float>(dim, dim), {}, 0};
  for (std::size_t i = 0; i < dim; ++i) {
    axes.directions.row(i)[i] = 1;
    axes.variances.push_back(std::max(covariance.matrix.row(i)[i], 0.0f) * covariance.unit);
  }
  axes.total_variance = covariance.total_variance;
  return axes;
}

// The first `rank` components hold the share; none are given when no rank below dim is enough.
struct Choice {
  std::size_t rank = 0;
  std::optional<PrincipalComponents> components;
};

Choice Choose(const Covariance& covariance, double energy_share, std::uint64_t seed) {
  constexpr std::size_t kMultiple = PcaProjection::kRankMultiple;
  const std::size_t dim = covariance.dim();
  const std::size_t limit = dim <= kWholeMatrixDimMax ? dim - 1 : dim / 2;
  const std::size_t highest = limit / kMultiple * kMultiple;
  const auto multiple = [&](std::size_t bound) {
    return RoundUp(std::max<std::size_t>(bound, 1), kMultiple);
  };
  // From the least that could do; the whole matrix costs the same for any rank.
  std::size_t rank = multiple(RankLowerBound(covariance, {}, energy_share));
  if (dim <= kWholeMatrixDimMax) rank = std::max(rank, highest);
  while (rank > 0 && rank <= highest) {
    PrincipalComponents components = ComputePrincipalComponents(covariance, rank, seed);
    const std::size_t needed =
        multiple(RankLowerBound(covariance, components.variances, energy_share));
    if (needed <= rank) return {needed, std::move(components)};
    if (rank == highest) break;
    rank = std::max(needed, std::min(highest, 2 * rank));
  }
  return {dim, {}};
}

}  // namespace

PcaProjection::PcaProjection(std::span<const float> mean, std::size_t rank)
    : dim_(mean.size()),
      mean_(RoundUp(dim_, kProjectionColsMultiple), 0.0f),
      rows_(RoundUp(rank, kProjectionRowsMultiple), mean_.size()),
      scales_(rank, 0.0f) {
  std::ranges::copy(mean, mean_.begin());
}

// What follows from rows and scales.
void PcaProjection::FinishRows() {
  offsets_.assign(rows_.rows(), 0);
  projected_mean_.assign(rank(), 0.0f);
  for (std::size_t r = 0; r < rank(); ++r) {
    const std::span<const std::int8_t> row = rows_.row(r);
    double product = 0;
    for (std::size_t i = 0; i < dim_; ++i) {
      offsets_[r] += 128 * row[i];
      product += static_cast<double>(row[i]) * mean_[i];
    }
    projected_mean_[r] = static_cast<float>(product * scales_[r]);
  }
}

PcaProjection PcaProjection::Train(MatrixView<const float> sample, std::size_t rank,
                                   std::uint64_t seed) {
  const Covariance covariance = ComputeCovariance(sample);
  return Train(rank == covariance.dim() ? AllDirections(covariance)
                                        : ComputePrincipalComponents(covariance, rank, seed),
               rank, seed);
}

PcaProjection PcaProjection::Train(const PrincipalComponents& components, std::size_t rank,
                                   std::uint64_t seed) {
  assert(rank > 0 && rank <= components.directions.rows());
  PcaProjection projection(components.mean, rank);
  const Matrix<float> exact = RotateDirections(components, rank, seed);
  for (std::size_t r = 0; r < rank; ++r) {
    float largest = 0;
    for (const float x : exact.row(r)) largest = std::max(largest, std::abs(x));
    if (largest == 0) continue;  // no direction gives nothing to this row: scale 0
    projection.scales_[r] = largest / 127;
    for (std::size_t i = 0; i < exact.cols(); ++i) {
      projection.rows_.row(r)[i] =
          static_cast<std::int8_t>(std::nearbyint(exact.row(r)[i] * (127 / largest)));
    }
  }
  projection.FinishRows();
  return projection;
}

std::size_t PcaProjection::ChooseRank(MatrixView<const float> sample, double energy_share,
                                      std::uint64_t seed) {
  assert(energy_share > 0 && energy_share <= 1);
  if (sample.cols() <= kRankMultiple || sample.cols() > kDimMax) return sample.cols();
  return Choose(ComputeCovariance(sample), energy_share, seed).rank;
}

PcaProjection PcaProjection::TrainForShare(MatrixView<const float> sample, double energy_share,
                                           std::uint64_t seed) {
  assert(energy_share > 0 && energy_share <= 1);
  const Covariance covariance = ComputeCovariance(sample);
  const Choice choice = Choose(covariance, energy_share, seed);
  if (choice.components) return Train(*choice.components, choice.rank, seed);
  return Train(AllDirections(covariance), choice.rank, seed);
}

void PcaProjection::Apply(std::span<const float> vector, std::span<float> projected) const {
  assert(vector.size() == dim() && projected.size() == rank());
  alignas(64) std::uint8_t buffer[kDimMax];
  const std::span<std::uint8_t> bytes(buffer, mean_.size());
  const float step = QuantizeDifference(vector, mean_, bytes);
  std::int32_t sums[kRowsAtOnce];
  for (std::size_t begin = 0; begin < rows_.rows(); begin += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, rows_.rows() - begin);
    MultiplyBytes(bytes, rows_.view().rows(begin, count), std::span(sums, count));
    const std::size_t end = std::min(begin + count, rank());
    for (std::size_t r = begin; r < end; ++r) {
      projected[r] = static_cast<float>(sums[r - begin] - offsets_[r]) * (scales_[r] * step);
    }
  }
}

float PcaProjection::ApplyToDirection(std::span<const float> vector,
                                      std::span<float> projected) const {
  Apply(vector, projected);
  for (std::size_t r = 0; r < rank(); ++r) projected[r] += projected_mean_[r];
  return static_cast<float>(DotInF64(vector.data(), mean_.data(), dim()));
}

void PcaProjection::Invert(std::span<const float> projected, std::span<float> vector) const {
  assert(vector.size() == dim() && projected.size() == rank());
  std::copy_n(mean_.begin(), dim(), vector.begin());
  float weights[kRowsAtOnce];
  for (std::size_t begin = 0; begin < rank(); begin += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, rank() - begin);
    for (std::size_t r = 0; r < count; ++r) weights[r] = projected[begin + r] * scales_[begin + r];
    AddWeightedByteRows(std::span(weights, count), rows_.view().rows(begin, count), vector);
  }
}

void PcaProjection::Save(ByteWriter& writer) const {
  writer.Put(static_cast<std::uint32_t>(dim()));
  writer.Put(static_cast<std::uint32_t>(rank()));
  writer.PutArray(std::span<const float>(mean_).first(dim()));
  writer.PutArray(std::span<const float>(scales_));
  for (std::size_t r = 0; r < rank(); ++r) writer.PutArray(rows_.row(r).first(dim()));
}

Result<PcaProjection> PcaProjection::Load(ByteReader& reader) {
  const auto dim = TRY(reader.Get<std::uint32_t>());
  const auto rank = TRY(reader.Get<std::uint32_t>());
  if (dim == 0 || dim > kDimMax || rank == 0 || rank > dim) {
    return Error{ErrorCode::kCorruption, "projection of " + std::to_string(dim) + " dims to " +
                                             std::to_string(rank) + ", expected 1 <= rank <= dim " +
                                             "<= " + std::to_string(kDimMax)};
  }
  const std::vector<float> mean = TRY(reader.GetArray<float>(dim));
  std::vector<float> scales = TRY(reader.GetArray<float>(rank));
  const auto finite = [](float x) { return std::isfinite(x); };
  if (!std::ranges::all_of(mean, finite) || !std::ranges::all_of(scales, finite)) {
    return Error{ErrorCode::kCorruption, "projection with a mean or a scale that is not finite"};
  }
  std::vector<std::vector<std::int8_t>> rows;
  for (std::size_t r = 0; r < rank; ++r) rows.push_back(TRY(reader.GetArray<std::int8_t>(dim)));
  PcaProjection projection(mean, rank);
  projection.scales_ = std::move(scales);
  for (std::size_t r = 0; r < rank; ++r) {
    std::ranges::copy(rows[r], projection.rows_.row(r).begin());
  }
  projection.FinishRows();
  return projection;
}

}  // namespace kith
