#include "index/codec/rotation.h"

#include <bit>
#include <cassert>
#include <cmath>

#include "core/random.h"
#include "index/codec/hadamard_kernels.h"

namespace kith {

Rotation::Rotation(std::size_t dim, std::uint64_t seed) : dim_(dim), seed_(seed) {
  assert(dim > 0);
  block_ = std::bit_floor(dim);
  if (block_ == 1) return;
  rounds_ = block_ == dim ? 2 : 4;
  signs_.resize(rounds_ * block_);
  const float length = 1.0f / std::sqrt(static_cast<float>(block_));
  for (std::size_t i = 0; i < signs_.size(); ++i) {
    const std::uint64_t bits = RandomHash(seed, 0x526f746174696f6e, i / 64);
    signs_[i] = (bits >> (i % 64) & 1) != 0 ? -length : length;
  }
}

void Rotation::Apply(std::span<float> vector) const {
  assert(vector.size() == dim_);
  for (int round = 0; round < rounds_; ++round) {
    float* begin = vector.data() + (round % 2 == 0 ? 0 : dim_ - block_);
    const float* signs = &signs_[round * block_];
    for (std::size_t i = 0; i < block_; ++i) begin[i] *= signs[i];
    Hadamard(begin, block_);
  }
}

void Rotation::ApplyInverse(std::span<float> vector) const {
  assert(vector.size() == dim_);
  for (int round = rounds_ - 1; round >= 0; --round) {
    float* begin = vector.data() + (round % 2 == 0 ? 0 : dim_ - block_);
    const float* signs = &signs_[round * block_];
    Hadamard(begin, block_);
    for (std::size_t i = 0; i < block_; ++i) begin[i] *= signs[i];
  }
}

}  // namespace kith
