#include "index/codec/centering.h"

#include <algorithm>
#include <cassert>

#include "core/distance.h"

namespace kith {

Centering::Centering(std::vector<float> mean, std::uint64_t seed)
    : mean_(std::move(mean)), rotation_(mean_.size(), seed) {}

Centering Centering::Train(MatrixView<const float> sample, std::uint64_t seed) {
  std::vector<double> sums(sample.cols(), 0.0);
  for (std::size_t r = 0; r < sample.rows(); ++r) {
    const std::span<const float> row = sample.row(r);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += row[i];
  }
  std::vector<float> mean(sums.size());
  const double count = static_cast<double>(std::max<std::size_t>(sample.rows(), 1));
  for (std::size_t i = 0; i < sums.size(); ++i) mean[i] = static_cast<float>(sums[i] / count);
  return Centering(std::move(mean), seed);
}

void Centering::Apply(std::span<const float> vector, std::span<float> rotated) const {
  assert(vector.size() == dim() && rotated.size() == dim());
  for (std::size_t i = 0; i < vector.size(); ++i) rotated[i] = vector[i] - mean_[i];
  rotation_.Apply(rotated);
}

float Centering::ApplyToDirection(std::span<const float> vector, std::span<float> rotated) const {
  assert(vector.size() == dim() && rotated.size() == dim());
  std::copy(vector.begin(), vector.end(), rotated.begin());
  rotation_.Apply(rotated);
  return -NegativeDot(vector.data(), mean_.data(), dim());
}

void Centering::Invert(std::span<const float> rotated, std::span<float> vector) const {
  assert(vector.size() == dim() && rotated.size() == dim());
  if (rotated.data() != vector.data()) std::copy(rotated.begin(), rotated.end(), vector.begin());
  rotation_.ApplyInverse(vector);
  for (std::size_t i = 0; i < vector.size(); ++i) vector[i] += mean_[i];
}

void Centering::Save(ByteWriter& writer) const {
  writer.Put(rotation_.seed());
  writer.Put(static_cast<std::uint32_t>(dim()));
  writer.PutArray(mean());
}

Result<Centering> Centering::Load(ByteReader& reader) {
  const auto seed = TRY(reader.Get<std::uint64_t>());
  const auto dim = TRY(reader.Get<std::uint32_t>());
  if (dim == 0) return Error{ErrorCode::kCorruption, "codec of dim 0"};
  return Centering(TRY(reader.GetArray<float>(dim)), seed);
}

}  // namespace kith
