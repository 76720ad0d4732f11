#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "storage/little_endian.h"
#include "storage/vector_format.h"

// Texmex files (the sets of Jegou, Douze and Schmid: "Product quantization for nearest neighbor
// search", TPAMI 2011): every row begins with its dim as an int32.  There is no header, so the
// first dim and the file's size give the number of rows, and the dims of the others can only be
// checked as they are read.

namespace kith {
namespace {

constexpr std::uint64_t kPrefixBytes = sizeof(std::int32_t);
// Of a file read at once; the second-level cache holds it while the dims are taken out.
constexpr std::uint64_t kBlockBytes = 256 << 10;

std::uint64_t BlockRows(std::uint64_t row_bytes) {
  return std::max<std::uint64_t>(1, kBlockBytes / row_bytes);
}

Error WrongDim(const std::string& path, std::uint64_t row, std::uint64_t row_bytes,
               std::int32_t dim, const std::string& expected) {
  return Error{ErrorCode::kInvalidArgument, path + ": row " + std::to_string(row) + " at offset " +
                                                std::to_string(row * row_bytes) + " has dim " +
                                                std::to_string(dim) + ", expected " + expected};
}

class TexmexReader : public VectorReader {
 public:
  TexmexReader(File file, VectorFileInfo info)
      : VectorReader(std::move(info)), file_(std::move(file)) {}

  Status ReadRaw(std::uint64_t first, std::uint64_t rows, std::span<std::byte> out) const override {
    const std::uint64_t values_bytes = info_.dim * DataTypeBytes(info_.type);
    const std::uint64_t row_bytes = kPrefixBytes + values_bytes;
    assert(first + rows <= info_.rows && out.size() == rows * values_bytes);

    const std::uint64_t block_rows = std::min(rows, BlockRows(row_bytes));
    const auto block = std::make_unique_for_overwrite<std::byte[]>(block_rows * row_bytes);
    std::byte* to = out.data();
    for (std::uint64_t row = first; row < first + rows;) {
      const std::uint64_t count = std::min(block_rows, first + rows - row);
      TRY(file_.ReadAt(row * row_bytes, {block.get(), count * row_bytes}));
      const std::byte* from = block.get();
      for (std::uint64_t i = 0; i < count; ++i, from += row_bytes, to += values_bytes) {
        const auto dim = LoadAt<std::int32_t>({from, kPrefixBytes});
        if (dim != static_cast<std::int32_t>(info_.dim)) [[unlikely]] {
          return WrongDim(info_.path, row + i, row_bytes, dim,
                          std::to_string(info_.dim) + " as in row 0");
        }
        std::memcpy(to, from + kPrefixBytes, values_bytes);
      }
      row += count;
    }
    return {};
  }

 private:
  File file_;
};

ReaderResult Open(const VectorSource& source) {
  File file = TRY(File::Open(source.file));
  VectorFileInfo info{source.path, std::string(source.format->name), source.format->types.front(),
                      0, 0};
  if (file.bytes() == 0)
    return ReaderResult(std::make_unique<TexmexReader>(std::move(file), std::move(info)));
  if (file.bytes() < kPrefixBytes) {
    return Error{ErrorCode::kCorruption, source.path + ": " + std::to_string(file.bytes()) +
                                             " bytes, the dim of row 0 takes 4"};
  }

  std::int32_t dim = 0;
  TRY(file.ReadAt(0, std::as_writable_bytes(std::span(&dim, 1))));
  if (dim < 1 || dim > static_cast<std::int32_t>(kDimMax)) {
    return WrongDim(source.path, 0, 0, dim,
                    "1 to " + std::to_string(kDimMax) + "; is it a texmex file?");
  }
  info.dim = static_cast<std::uint32_t>(dim);
  const std::uint64_t row_bytes = kPrefixBytes + info.dim * DataTypeBytes(info.type);
  info.rows = file.bytes() / row_bytes;
  if (const std::uint64_t rest = file.bytes() % row_bytes; rest != 0) {
    return Error{ErrorCode::kCorruption,
                 source.path + ": " + std::to_string(file.bytes()) +
                     " bytes are no whole rows of " + std::to_string(row_bytes) + " (dim " +
                     std::to_string(dim) + "): row " + std::to_string(info.rows) + " at offset " +
                     std::to_string(info.rows * row_bytes) + " has " + std::to_string(rest) +
                     " bytes"};
  }
  return ReaderResult(std::make_unique<TexmexReader>(std::move(file), std::move(info)));
}

class TexmexWriter : public VectorWriter {
 public:
  TexmexWriter(OutputFile file, const VectorWriterParams& params)
      : VectorWriter(params.type, params.dim), file_(std::move(file)) {}

  Status Commit() override { return file_.Commit(); }

 private:
  Status Write(std::span<const std::byte> rows) override {
    const std::size_t values_bytes = dim_ * DataTypeBytes(type_);
    const std::size_t row_bytes = kPrefixBytes + values_bytes;
    const auto prefix = static_cast<std::int32_t>(dim_);
    const std::size_t block_rows = std::min(rows.size() / values_bytes, BlockRows(row_bytes));
    const auto block = std::make_unique_for_overwrite<std::byte[]>(block_rows * row_bytes);
    while (!rows.empty()) {
      const std::size_t count = std::min(rows.size() / values_bytes, block_rows);
      std::byte* to = block.get();
      for (std::size_t i = 0; i < count; ++i, to += row_bytes) {
        std::memcpy(to, &prefix, kPrefixBytes);
        std::memcpy(to + kPrefixBytes, rows.data() + i * values_bytes, values_bytes);
      }
      TRY(file_.Append({block.get(), count * row_bytes}));
      rows = rows.subspan(count * values_bytes);
    }
    return {};
  }

  OutputFile file_;
};

WriterResult Create(const VectorSource& source, const VectorWriterParams& params) {
  OutputFile file = TRY(OutputFile::Create(source.file, params.if_exists));
  return WriterResult(std::make_unique<TexmexWriter>(std::move(file), params));
}

}  // namespace

std::span<const VectorFormat> TexmexFormats() {
  static const VectorFormat formats[] = {
      {".fvecs", "fvecs", {DataType::kF32}, false, Open, Create},
      {".bvecs", "bvecs", {DataType::kU8}, false, Open, Create},
      {".ivecs", "ivecs", {DataType::kI32}, false, Open, Create},
  };
  return formats;
}

}  // namespace kith
