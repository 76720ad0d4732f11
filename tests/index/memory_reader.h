// A VectorReader over values in memory, of any element type.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/half.h"
#include "core/matrix.h"
#include "storage/vector_file.h"

namespace kith {

class MemoryReader : public VectorReader {
 public:
  // Values are converted to `type`, f16 by rounding, the integers by truncation.
  MemoryReader(MatrixView<const float> rows, DataType type)
      : VectorReader({.path = "memory",
                      .format = "memory",
                      .type = type,
                      .rows = rows.rows(),
                      .dim = static_cast<std::uint32_t>(rows.cols())}) {
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      for (const float x : rows.row(r)) Append(x);
    }
  }

  Status ReadRaw(std::uint64_t first, std::uint64_t rows, std::span<std::byte> out) const override {
    const std::size_t row_bytes = info_.dim * DataTypeBytes(info_.type);
    assert(first + rows <= info_.rows && out.size() == rows * row_bytes);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(first * row_bytes), out.size(),
                out.begin());
    read_bytes_max_ = std::max(read_bytes_max_, out.size());
    return {};
  }

  // The values as a reader sees them.
  Matrix<float> Floats() const {
    Matrix<float> rows(info_.rows, info_.dim);
    const Status read = ReadF32(0, rows.view());
    assert(read.ok());
    (void)read;
    return rows;
  }

  std::size_t read_bytes_max() const { return read_bytes_max_; }  // of one call
  VectorFileInfo& mutable_info() { return info_; }

 private:
  void Append(float x) {
    const auto append = [&](const auto& value) {
      const auto* bytes = reinterpret_cast<const std::byte*>(&value);
      bytes_.insert(bytes_.end(), bytes, bytes + sizeof(value));
    };
    switch (info_.type) {
      case DataType::kF32:
        return append(x);
      case DataType::kF16:
        return append(ToF16(x));
      case DataType::kBf16:
        return append(ToBf16(x));
      case DataType::kU8:
        return append(static_cast<std::uint8_t>(x));
      case DataType::kI8:
        return append(static_cast<std::int8_t>(x));
      case DataType::kI32:
        return append(static_cast<std::int32_t>(x));
    }
  }

  std::vector<std::byte> bytes_;
  mutable std::size_t read_bytes_max_ = 0;
};

}  // namespace kith
