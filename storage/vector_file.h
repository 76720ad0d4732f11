// Files of vectors, read and written in blocks: never a whole file unless asked.
//
// Formats, by extension (grammar in docs/formats.md, "Vector files"):
//   .fvecs .bvecs .ivecs      texmex: each row an int32 dim, then f32 / u8 / i32 values
//   .npy                      NumPy 1.0-3.0, 2-D, or 1-D (n rows of one value), C order; f4, f2,
//                             u1, i1, i4
//   .fbin .u8bin .i8bin .ibin big-ann: uint32 rows, uint32 dim, then f32 / u8 / i8 / i32 rows
//   .hdf5 .h5                 ann-benchmarks; "file.hdf5:train" names the dataset
//                             (default: train); f8 is read as f32, i8 (64 bits) as i32
// All little endian.  Dims are 1 to kDimMax; a file of zero rows may have dim 0, and a texmex file
// of zero bytes is zero rows of dim 0.
//
// Errors: kInvalidArgument (unknown extension, wrong magic, mixed dims, wrong order or type;
// names the file, what was expected and found, and the offset or row), kCorruption (shorter or
// longer than its header says), kNotFound, kIoError.
// A reader may be used by many threads; a writer by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/data_type.h"
#include "core/file.h"
#include "core/matrix.h"
#include "core/result.h"

namespace kith {

inline constexpr std::uint64_t kDimMax = 65536;  // of any vector file

struct VectorFileInfo {
  std::string path;
  std::string format;  // "fvecs", "npy", ...
  DataType type = DataType::kF32;
  std::uint64_t rows = 0;
  std::uint32_t dim = 0;
};

class VectorReader {
 public:
  // Checks magic, header and size against each other; reads no rows, of texmex the first dim.
  static Result<std::unique_ptr<VectorReader>> Open(const std::string& path);
  virtual ~VectorReader() = default;

  const VectorFileInfo& info() const { return info_; }

  // Rows [first, first + rows) as stored, rows * dim elements of info().type back to back.
  // REQUIRES: first + rows <= info().rows; out has exactly that many bytes.
  virtual Status ReadRaw(std::uint64_t first, std::uint64_t rows,
                         std::span<std::byte> out) const = 0;

  // Rows [first, first + out.rows()) as f32, whatever the type (i32 beyond 2^24 is rounded).
  // REQUIRES: out.cols() == dim; the rows exist.
  Status ReadF32(std::uint64_t first, MatrixView<float> out) const;

  // The same for i32 files (ground truth).  Other types are kInvalidArgument.
  Status ReadI32(std::uint64_t first, MatrixView<std::int32_t> out) const;

 protected:
  explicit VectorReader(VectorFileInfo info) : info_(std::move(info)) {}
  VectorFileInfo info_;
};

// Whole files, for queries and ground truth.  Refuse more than `bytes_max` of memory with
// kResourceExhausted (message says how much is needed).
Result<Matrix<float>> ReadAllF32(const std::string& path, std::uint64_t bytes_max);
Result<Matrix<std::int32_t>> ReadAllI32(const std::string& path, std::uint64_t bytes_max);

class VectorWriter {
 public:
  // The extension picks the format; `type` must be one that the format holds.  The file appears
  // at Commit (core/file.h).  HDF5: `path` may name a dataset; one dataset a file.
  // Errors: kInvalidArgument (extension, type, dim outside 1..kDimMax), those of OutputFile.
  static Result<std::unique_ptr<VectorWriter>> Create(const std::string& path, DataType type,
                                                      std::uint32_t dim,
                                                      OutputFile::IfExists if_exists);
  virtual ~VectorWriter() = default;

  // Whole rows as stored.  REQUIRES: a multiple of dim elements.
  Status AppendRaw(std::span<const std::byte> rows);
  // Rows of f32, converted to the file's type (f16 rounds).  A value that an integer type cannot
  // hold exactly is kInvalidArgument with row and column; nothing of the call's rows before it
  // is taken back.  REQUIRES: rows.cols() == dim.
  Status AppendF32(MatrixView<const float> rows);
  virtual Status Commit() = 0;

  DataType type() const { return type_; }
  std::uint32_t dim() const { return dim_; }
  std::uint64_t rows() const { return rows_; }  // appended so far

 protected:
  VectorWriter(DataType type, std::uint32_t dim) : type_(type), dim_(dim) {}
  // Puts whole rows behind those before; rows_ still counts only the latter.
  virtual Status Write(std::span<const std::byte> rows) = 0;

  DataType type_;
  std::uint32_t dim_;
  std::uint64_t rows_ = 0;
};

}  // namespace kith
