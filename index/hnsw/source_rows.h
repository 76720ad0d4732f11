// The input vectors in memory, in node order, as exact as they came.
//
// Whole numbers 0..255 are held as u8, anything else as f32; which of the two is seen while
// reading.  Cosine rows are normalised.  Movable; thread-safe once read.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/aligned_buffer.h"
#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/matrix.h"
#include "core/progress.h"
#include "core/result.h"
#include "index/codec/exact_rows.h"
#include "storage/vector_file.h"

namespace kith {

class SourceRows {
 public:
  // position[r] is where row r goes: a permutation of 0 .. rows - 1.
  // Errors: kInvalidArgument naming the row (NaN, infinity, a zero vector for cosine), and what
  // the reader gives.
  static Result<SourceRows> Read(const VectorReader& input, Metric metric,
                                 std::span<const std::uint32_t> position,
                                 const Cancellation& cancellation, Progress& progress);

  // The same from memory.
  static Result<SourceRows> Copy(MatrixView<const float> input, Metric metric,
                                 std::span<const std::uint32_t> position);

  ExactKind kind() const { return kind_; }
  ExactRows rows() const;

 private:
  SourceRows(std::size_t rows, std::size_t dim, Metric metric);
  // Checks, normalises and stores one row; `name` says where it is from.
  Status Add(std::span<float> vector, std::uint64_t row, std::uint32_t position,
             const std::string& name);
  void Store(std::uint32_t position, std::span<const float> vector);
  // From u8 to f32: a row came that is not whole numbers.
  void Widen();

  ExactKind kind_ = ExactKind::kU8;
  Metric metric_ = Metric::kL2;
  std::size_t rows_ = 0, dim_ = 0;
  AlignedBuffer bytes_;
};

}  // namespace kith
