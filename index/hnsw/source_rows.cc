#include "index/hnsw/source_rows.h"

#include <algorithm>
#include <cmath>

#include "core/distance.h"
#include "core/matrix.h"
#include "index/codec/quantize_kernels.h"
#include "index/vector_index.h"

namespace kith {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{8} << 20;

}  // namespace

SourceRows::SourceRows(std::size_t rows, std::size_t dim, Metric metric)
    : kind_(metric == Metric::kCosine ? ExactKind::kF32 : ExactKind::kU8),
      metric_(metric),
      rows_(rows),
      dim_(dim),
      bytes_(rows * ExactRows::RowBytes(kind_, dim)) {}

ExactRows SourceRows::rows() const {
  return ExactRows(kind_, dim_, metric_, reinterpret_cast<const std::uint8_t*>(bytes_.data()));
}

void SourceRows::Store(std::uint32_t position, std::span<const float> vector) {
  ExactRows::Encode(
      kind_, vector,
      reinterpret_cast<std::uint8_t*>(bytes_.data()) + position * ExactRows::RowBytes(kind_, dim_));
}

void SourceRows::Widen() {
  const ExactRows narrow = rows();
  const AlignedBuffer held = std::move(bytes_);
  bytes_ = AlignedBuffer(rows_ * ExactRows::RowBytes(ExactKind::kF32, dim_));
  kind_ = ExactKind::kF32;
  std::vector<float> vector(dim_);
  for (std::uint32_t i = 0; i < rows_; ++i) {
    narrow.Decode(i, vector);
    Store(i, vector);
  }
}

Status SourceRows::Add(std::span<float> vector, std::uint64_t row, std::uint32_t position,
                       const std::string& name) {
  const auto bad_row = [&](const std::string& what) {
    return Error{ErrorCode::kInvalidArgument, name + ": row " + std::to_string(row) + " " + what};
  };
  if (HasNonFinite(vector)) {
    const auto bad = std::ranges::find_if(vector, [](float x) { return !std::isfinite(x); });
    return bad_row(std::string("has ") + (std::isnan(*bad) ? "NaN" : "infinity") +
                   " in dimension " + std::to_string(bad - vector.begin()) +
                   ": remove or replace it");
  }
  if (metric_ == Metric::kCosine && !Normalize(vector)) {
    return bad_row("is a zero vector, which has no cosine: remove it");
  }
  if (kind_ == ExactKind::kU8) {
    std::uint8_t bytes[kIndexDimMax];
    if (!ToWholeBytes(vector.data(), vector.size(), bytes)) Widen();
  }
  Store(position, vector);
  return {};
}

Result<SourceRows> SourceRows::Copy(MatrixView<const float> input, Metric metric,
                                    std::span<const std::uint32_t> position) {
  SourceRows source(input.rows(), input.cols(), metric);
  std::vector<float> vector(input.cols());
  for (std::size_t r = 0; r < input.rows(); ++r) {
    std::ranges::copy(input.row(r), vector.begin());
    TRY(source.Add(vector, r, position[r], "imported rows"));
  }
  return source;
}

Result<SourceRows> SourceRows::Read(const VectorReader& input, Metric metric,
                                    std::span<const std::uint32_t> position,
                                    const Cancellation& cancellation, Progress& progress) {
  const std::uint64_t rows = input.info().rows;
  const std::size_t dim = input.info().dim;
  SourceRows source(rows, dim, metric);
  const std::size_t block_rows = std::max<std::size_t>(1, kBlockBytes / (dim * sizeof(float)));
  Matrix<float> block(std::min<std::uint64_t>(block_rows, rows), dim);
  progress.Start("read", rows);
  for (std::uint64_t first = 0; first < rows; first += block_rows) {
    TRY(cancellation.Check());
    const std::size_t count = std::min<std::uint64_t>(block_rows, rows - first);
    TRY(input.ReadF32(first, block.view().rows(0, count)));
    for (std::size_t r = 0; r < count; ++r) {
      TRY(source.Add(block.row(r), first + r, position[first + r], input.info().path));
    }
    progress.Advance(count);
  }
  return source;
}

}  // namespace kith
