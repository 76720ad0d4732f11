#include "storage/vector_file.h"

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include "core/half.h"
#include "storage/vector_format.h"

namespace kith {
namespace {

// Of rows converted at once: both sides stay in the second-level cache.
constexpr std::size_t kConvertBytes = 128 << 10;

std::vector<VectorFormat> AllFormats() {
  std::vector<VectorFormat> all;
  for (const auto family : {TexmexFormats, NpyFormats, BigannFormats, Hdf5Formats}) {
    const auto formats = family();
    all.insert(all.end(), formats.begin(), formats.end());
  }
  return all;
}

const std::vector<VectorFormat>& Formats() {
  static const std::vector<VectorFormat> formats = AllFormats();
  return formats;
}

bool EndsWith(std::string_view text, std::string_view extension) {
  return text.size() >= extension.size() &&
         std::equal(extension.rbegin(), extension.rend(), text.rbegin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

Result<VectorSource> ParseSource(const std::string& path) {
  for (const VectorFormat& format : Formats()) {
    if (EndsWith(path, format.extension)) return VectorSource{path, path, "", &format};
  }
  for (std::size_t colon = path.find(':'); colon != path.npos; colon = path.find(':', colon + 1)) {
    for (const VectorFormat& format : Formats()) {
      if (format.has_datasets && EndsWith(path.substr(0, colon), format.extension)) {
        return VectorSource{path, path.substr(0, colon), path.substr(colon + 1), &format};
      }
    }
  }
  std::string known;
  for (const VectorFormat& format : Formats()) known += " " + std::string(format.extension);
  return Error{ErrorCode::kInvalidArgument,
               path + ": no vector file by its extension; expected one of" + known};
}

template <typename From>
void Widen(const std::byte* from, std::span<float> to) {
  const auto* values = reinterpret_cast<const From*>(from);
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(values[i]);
}

// REQUIRES: `from` is aligned for the type.
void ConvertToF32(DataType type, const std::byte* from, std::span<float> to) {
  switch (type) {
    case DataType::kF32:
      std::memcpy(to.data(), from, to.size_bytes());
      return;
    case DataType::kF16:
      return ToFloat(std::span(reinterpret_cast<const F16*>(from), to.size()), to);
    case DataType::kBf16:
      return ToFloat(std::span(reinterpret_cast<const Bf16*>(from), to.size()), to);
    case DataType::kU8:
      return Widen<std::uint8_t>(from, to);
    case DataType::kI8:
      return Widen<std::int8_t>(from, to);
    case DataType::kI32:
      return Widen<std::int32_t>(from, to);
  }
}

// Returns the first column that does not fit, or the row's size.
template <typename To>
std::size_t Narrow(std::span<const float> from, std::byte* to) {
  constexpr float kLow = static_cast<float>(std::numeric_limits<To>::min());
  constexpr float kBeyond = static_cast<float>(std::int64_t{1} << std::numeric_limits<To>::digits);
  constexpr float kHigh = std::is_same_v<To, std::int32_t> ? 0x7fffff80p0f : kBeyond - 1;
  auto* values = reinterpret_cast<To*>(to);
  // Clamping (NaN to kLow) makes the conversion defined, and what it changed is not equal after
  // it.  No branch: the loop fills vectors.
  const auto convert = [](float value) {
    const float above = value > kLow ? value : kLow;
    return static_cast<std::int32_t>(above < kHigh ? above : kHigh);
  };
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int32_t value = convert(from[i]);
    bad |= static_cast<float>(value) != from[i];
    values[i] = static_cast<To>(value);
  }
  if (bad == 0) [[likely]]
    return from.size();
  return static_cast<std::size_t>(
      std::find_if(from.begin(), from.end(),
                   [&](float x) { return static_cast<float>(convert(x)) != x; }) -
      from.begin());
}

std::size_t ConvertFromF32(DataType type, std::span<const float> from, std::byte* to) {
  switch (type) {
    case DataType::kF32:
      std::memcpy(to, from.data(), from.size_bytes());
      break;
    case DataType::kF16:
      ToF16(from, std::span(reinterpret_cast<F16*>(to), from.size()));
      break;
    case DataType::kBf16:
      ToBf16(from, std::span(reinterpret_cast<Bf16*>(to), from.size()));
      break;
    case DataType::kU8:
      return Narrow<std::uint8_t>(from, to);
    case DataType::kI8:
      return Narrow<std::int8_t>(from, to);
    case DataType::kI32:
      return Narrow<std::int32_t>(from, to);
  }
  return from.size();
}

// How many rows of `row_bytes` go through memory at once.
std::uint64_t BlockRows(std::uint64_t row_bytes) {
  return std::max<std::uint64_t>(1, kConvertBytes / std::max<std::uint64_t>(1, row_bytes));
}

Status CheckMemory(const VectorFileInfo& info, std::uint64_t bytes_max) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(info.rows, std::uint64_t{info.dim} * sizeof(float), &bytes) ||
      bytes > bytes_max) {
    return Error{ErrorCode::kResourceExhausted,
                 info.path + ": " + std::to_string(info.rows) + " rows of dim " +
                     std::to_string(info.dim) + " take " + std::to_string(info.rows) + " * " +
                     std::to_string(std::uint64_t{info.dim} * sizeof(float)) +
                     " bytes of memory, allowed are " + std::to_string(bytes_max)};
  }
  return {};
}

}  // namespace

Status CheckVectorDim(const std::string& path, std::uint64_t dim, std::uint64_t rows) {
  if (dim > kDimMax || (dim == 0 && rows > 0)) {
    return Error{ErrorCode::kInvalidArgument, path + ": dim " + std::to_string(dim) +
                                                  ", expected 1 to " + std::to_string(kDimMax)};
  }
  return {};
}

Result<std::unique_ptr<VectorReader>> VectorReader::Open(const std::string& path) {
  const VectorSource source = TRY(ParseSource(path));
  return source.format->open(source);
}

Status VectorReader::ReadF32(std::uint64_t first, MatrixView<float> out) const {
  assert(out.cols() == info_.dim && first + out.rows() <= info_.rows);
  const std::uint64_t row_bytes = info_.dim * DataTypeBytes(info_.type);
  if (info_.type == DataType::kF32 && out.stride() == out.cols()) {
    return ReadRaw(first, out.rows(),
                   std::as_writable_bytes(std::span(out.data(), out.rows() * out.cols())));
  }
  const std::uint64_t block_rows = std::min<std::uint64_t>(BlockRows(row_bytes), out.rows());
  const auto block = std::make_unique_for_overwrite<std::byte[]>(block_rows * row_bytes);
  for (std::uint64_t done = 0; done < out.rows();) {
    const std::uint64_t rows = std::min<std::uint64_t>(block_rows, out.rows() - done);
    TRY(ReadRaw(first + done, rows, {block.get(), rows * row_bytes}));
    for (std::uint64_t r = 0; r < rows; ++r) {
      ConvertToF32(info_.type, block.get() + r * row_bytes, out.row(done + r));
    }
    done += rows;
  }
  return {};
}

Status VectorReader::ReadI32(std::uint64_t first, MatrixView<std::int32_t> out) const {
  assert(out.cols() == info_.dim && first + out.rows() <= info_.rows);
  if (info_.type != DataType::kI32) {
    return Error{
        ErrorCode::kInvalidArgument,
        info_.path + ": holds " + std::string(DataTypeName(info_.type)) + ", expected i32"};
  }
  if (out.stride() == out.cols()) {
    return ReadRaw(first, out.rows(),
                   std::as_writable_bytes(std::span(out.data(), out.rows() * out.cols())));
  }
  for (std::size_t r = 0; r < out.rows(); ++r) {
    TRY(ReadRaw(first + r, 1, std::as_writable_bytes(out.row(r))));
  }
  return {};
}

Result<Matrix<float>> ReadAllF32(const std::string& path, std::uint64_t bytes_max) {
  const auto reader = TRY(VectorReader::Open(path));
  TRY(CheckMemory(reader->info(), bytes_max));
  Matrix<float> rows(reader->info().rows, reader->info().dim);
  TRY(reader->ReadF32(0, rows.view()));
  return rows;
}

Result<Matrix<std::int32_t>> ReadAllI32(const std::string& path, std::uint64_t bytes_max) {
  const auto reader = TRY(VectorReader::Open(path));
  TRY(CheckMemory(reader->info(), bytes_max));
  Matrix<std::int32_t> rows(reader->info().rows, reader->info().dim);
  TRY(reader->ReadI32(0, rows.view()));
  return rows;
}

Result<std::unique_ptr<VectorWriter>> VectorWriter::Create(const std::string& path, DataType type,
                                                           std::uint32_t dim,
                                                           OutputFile::IfExists if_exists) {
  const VectorSource source = TRY(ParseSource(path));
  const std::vector<DataType>& types = source.format->types;
  if (std::find(types.begin(), types.end(), type) == types.end()) {
    std::string held;
    for (const DataType t : types) held += " " + std::string(DataTypeName(t));
    return Error{ErrorCode::kInvalidArgument, path + ": " + std::string(source.format->extension) +
                                                  " files hold" + held + ", not " +
                                                  std::string(DataTypeName(type))};
  }
  TRY(CheckVectorDim(path, dim, 1));
  return source.format->create(source, {type, dim, if_exists});
}

Status VectorWriter::AppendRaw(std::span<const std::byte> rows) {
  const std::size_t row_bytes = dim_ * DataTypeBytes(type_);
  assert(rows.size() % row_bytes == 0);
  TRY(Write(rows));
  rows_ += rows.size() / row_bytes;
  return {};
}

Status VectorWriter::AppendF32(MatrixView<const float> rows) {
  assert(rows.cols() == dim_);
  const std::size_t row_bytes = dim_ * DataTypeBytes(type_);
  const std::size_t block_rows = std::min<std::size_t>(BlockRows(row_bytes), rows.rows());
  const auto block = std::make_unique_for_overwrite<std::byte[]>(block_rows * row_bytes);
  for (std::size_t done = 0; done < rows.rows();) {
    const std::size_t count = std::min(block_rows, rows.rows() - done);
    for (std::size_t r = 0; r < count; ++r) {
      const auto row = rows.row(done + r);
      const std::size_t column = ConvertFromF32(type_, row, block.get() + r * row_bytes);
      if (column < dim_) {
        return Error{ErrorCode::kInvalidArgument,
                     "row " + std::to_string(rows_ + r) + " column " + std::to_string(column) +
                         ": " + std::to_string(row[column]) + " is not a value of " +
                         std::string(DataTypeName(type_))};
      }
    }
    TRY(AppendRaw({block.get(), count * row_bytes}));
    done += count;
  }
  return {};
}

}  // namespace kith
