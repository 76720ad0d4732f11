#include "bench/clustered_set.h"

#include <array>
#include <cassert>

#include "core/random.h"

namespace kith {
namespace {

// What a stream of numbers is for; the high word of the counter, above the item's number.
enum Purpose : std::uint64_t { kCentre = 1, kDirection = 2, kCluster = 3, kLatent = 4, kNoise = 5 };

// Mean 0, variance 1: the sum of the eight 16-bit integers of one Philox block, shifted and
// scaled.  The sum fits a float exactly; the one rounding is that of the product.
float BellShaped(std::uint64_t seed, Purpose purpose, std::uint64_t item, std::uint64_t position) {
  constexpr float kMean = 8 * 65535 / 2.0F;
  constexpr float kInverseDeviation = 1.8688124e-05F;  // 1 / sqrt(8 (65536^2 - 1) / 12)
  std::uint32_t sum = 0;
  for (const std::uint32_t word : Philox(seed, purpose << 56 | item, position)) {
    sum += (word & 0xffff) + (word >> 16);
  }
  return (static_cast<float>(sum) - kMean) * kInverseDeviation;
}

}  // namespace

ClusteredSet::ClusteredSet(const ClusteredParams& params) : params_(params) {
  assert(params.dim > 0 && params.clusters > 0 && params.latent_dim > 0);
  const std::size_t flat = params.latent_dim;
  centres_.resize(params.clusters * flat);
  directions_.resize(flat * params.dim);
  // 1 / sqrt(latent_dim) by Newton's method: additions and products only.
  float scale = 1.0F;
  for (int i = 0; i < 60; ++i) {
    scale = 0.5F * (scale + 1.0F / (static_cast<float>(params.latent_dim) * scale));
  }
  for (std::size_t i = 0; i < centres_.size(); ++i) {
    centres_[i] = params.centre_spread * BellShaped(params.seed, kCentre, 0, i);
  }
  for (std::size_t i = 0; i < directions_.size(); ++i) {
    directions_[i] = scale * BellShaped(params.seed, kDirection, 0, i);
  }
}

void ClusteredSet::Fill(std::uint64_t r, std::span<float> row) const {
  const std::size_t dim = params_.dim;
  assert(row.size() == dim);
  const std::uint64_t c =
      RandomHash(params_.seed, std::uint64_t{kCluster} << 56, r) % params_.clusters;
  for (std::size_t i = 0; i < dim; ++i) {
    row[i] = params_.noise * BellShaped(params_.seed, kNoise, r, i);
  }
  for (std::size_t j = 0; j < params_.latent_dim; ++j) {
    const float latent =
        centres_[c * params_.latent_dim + j] + BellShaped(params_.seed, kLatent, r, j);
    const float* direction = &directions_[j * dim];
    for (std::size_t i = 0; i < dim; ++i) row[i] += latent * direction[i];
  }
}

}  // namespace kith
