#include <cassert>
#include <utility>

#include "storage/vector_format.h"

namespace kith {
namespace {

class DenseReader : public VectorReader {
 public:
  DenseReader(File file, VectorFileInfo info, std::uint64_t data_offset)
      : VectorReader(std::move(info)), file_(std::move(file)), data_offset_(data_offset) {}

  Status ReadRaw(std::uint64_t first, [[maybe_unused]] std::uint64_t rows,
                 std::span<std::byte> out) const override {
    const std::uint64_t row_bytes = info_.dim * DataTypeBytes(info_.type);
    assert(first + rows <= info_.rows && out.size() == rows * row_bytes);
    if (out.empty()) return {};
    return file_.ReadAt(data_offset_ + first * row_bytes, out);
  }

 private:
  File file_;
  std::uint64_t data_offset_;
};

class DenseWriter : public VectorWriter {
 public:
  DenseWriter(OutputFile file, const VectorWriterParams& params, DenseHeader header)
      : VectorWriter(params.type, params.dim), file_(std::move(file)), header_(header) {}

  Status Start() { return file_.Append(TRY(header_(type_, dim_, 0))); }

  Status Commit() override {
    Result<std::string> header = header_(type_, dim_, rows_);
    if (!header.ok()) {
      return Error{header.error().code, file_.path() + ": " + header.error().message};
    }
    TRY(file_.WriteAt(0, std::as_bytes(std::span(header.value()))));
    return file_.Commit();
  }

 private:
  Status Write(std::span<const std::byte> rows) override { return file_.Append(rows); }

  OutputFile file_;
  DenseHeader header_;
};

}  // namespace

ReaderResult OpenDenseRows(File file, VectorFileInfo info, std::uint64_t data_offset,
                           std::uint64_t data_end) {
  TRY(CheckVectorDim(info.path, info.dim, info.rows));
  assert(data_offset <= data_end && data_end <= file.bytes());
  const std::uint64_t row_bytes = info.dim * DataTypeBytes(info.type);
  const std::uint64_t data_bytes = data_end - data_offset;
  // Division, for rows * row_bytes may be more than 64 bits hold.
  const bool fits = row_bytes == 0
                        ? data_bytes == 0
                        : data_bytes % row_bytes == 0 && data_bytes / row_bytes == info.rows;
  if (!fits) {
    return Error{ErrorCode::kCorruption,
                 info.path + ": the header says " + std::to_string(info.rows) + " rows of " +
                     std::to_string(info.dim) + " " + std::string(DataTypeName(info.type)) + " (" +
                     std::to_string(row_bytes) + " bytes each) from offset " +
                     std::to_string(data_offset) + ", the file has " + std::to_string(data_bytes) +
                     " bytes there"};
  }
  return ReaderResult(std::make_unique<DenseReader>(std::move(file), std::move(info), data_offset));
}

WriterResult CreateDenseRows(const std::string& file, const VectorWriterParams& params,
                             DenseHeader header) {
  auto writer = std::make_unique<DenseWriter>(TRY(OutputFile::Create(file, params.if_exists)),
                                              params, header);
  TRY(writer->Start());
  return WriterResult(std::move(writer));
}

}  // namespace kith
