// Row-major matrices: a borrowed view and an owner of aligned memory.
//
// Rows may be padded: row r starts at data + r * stride elements.  Views are
// cheap to copy and borrow their memory.  Thread-compatible.
#pragma once

#include <cassert>
#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "core/aligned_buffer.h"

namespace kith {

// Borrows.  T may be const.
template <typename T>
class MatrixView {
 public:
  MatrixView() = default;
  MatrixView(T* data, std::size_t rows, std::size_t cols) : MatrixView(data, rows, cols, cols) {}
  MatrixView(T* data, std::size_t rows, std::size_t cols, std::size_t stride)
      : data_(data), rows_(rows), cols_(cols), stride_(stride) {
    assert(stride >= cols);
  }
  // A view of mutable elements is also a view of constant ones.
  template <typename U>
  requires std::is_same_v<T, const U> MatrixView(const MatrixView<U>& other)
      : MatrixView(other.data(), other.rows(), other.cols(), other.stride()) {}

  T* data() const { return data_; }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t stride() const { return stride_; }
  bool empty() const { return rows_ == 0; }

  std::span<T> row(std::size_t r) const {
    assert(r < rows_);
    return {data_ + r * stride_, cols_};
  }
  // Rows [first, first + count).
  MatrixView rows(std::size_t first, std::size_t count) const {
    assert(first + count <= rows_);
    return {data_ + first * stride_, count, cols_, stride_};
  }

 private:
  T* data_ = nullptr;
  std::size_t rows_ = 0, cols_ = 0, stride_ = 0;
};

// Owns zero-filled, 64-byte aligned memory; rows are contiguous (stride == cols).  Not copyable;
// moving leaves the source empty.
template <typename T>
class Matrix {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Matrix() = default;
  // Throws std::bad_alloc when the system has no such memory.
  Matrix(std::size_t rows, std::size_t cols)
      : buffer_(Bytes(rows, cols)), rows_(rows), cols_(cols) {}
  Matrix(Matrix&& other) noexcept
      : buffer_(std::move(other.buffer_)),
        rows_(std::exchange(other.rows_, 0)),
        cols_(std::exchange(other.cols_, 0)) {}
  Matrix& operator=(Matrix&& other) noexcept {
    buffer_ = std::move(other.buffer_);
    rows_ = std::exchange(other.rows_, 0);
    cols_ = std::exchange(other.cols_, 0);
    return *this;
  }

  T* data() { return reinterpret_cast<T*>(buffer_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(buffer_.data()); }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }

  std::span<T> row(std::size_t r) { return view().row(r); }
  std::span<const T> row(std::size_t r) const { return view().row(r); }
  MatrixView<T> view() { return {data(), rows_, cols_}; }
  MatrixView<const T> view() const { return {data(), rows_, cols_}; }

 private:
  static std::size_t Bytes(std::size_t rows, std::size_t cols) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(rows, cols, &bytes) ||
        __builtin_mul_overflow(bytes, sizeof(T), &bytes)) {
      throw std::bad_alloc();
    }
    return bytes;
  }

  AlignedBuffer buffer_;
  std::size_t rows_ = 0, cols_ = 0;
};

}  // namespace kith
