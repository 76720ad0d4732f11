#include <limits>
#include <utility>

#include "storage/little_endian.h"
#include "storage/vector_format.h"

// Big-ann files: uint32 rows, uint32 dim, rows.  Their ground truth has float distances behind the
// ids, as many as ids; here the ids are the vectors and the distances are passed over.

namespace kith {
namespace {

constexpr std::uint64_t kHeaderBytes = 8;

ReaderResult Open(const VectorSource& source) {
  File file = TRY(File::Open(source.file));
  if (file.bytes() < kHeaderBytes) {
    return Error{ErrorCode::kCorruption, source.path + ": " + std::to_string(file.bytes()) +
                                             " bytes, the header takes " +
                                             std::to_string(kHeaderBytes)};
  }
  std::byte header[kHeaderBytes];
  TRY(file.ReadAt(0, header));
  VectorFileInfo info{source.path, std::string(source.format->name), source.format->types.front(),
                      LoadAt<std::uint32_t>(header, 0), LoadAt<std::uint32_t>(header, 4)};
  TRY(CheckVectorDim(info.path, info.dim, info.rows));

  std::uint64_t end = file.bytes();
  const std::uint64_t ids_bytes = info.rows * info.dim * DataTypeBytes(info.type);
  const bool is_ground_truth =
      info.type == DataType::kI32 && end - kHeaderBytes == 2 * ids_bytes && ids_bytes > 0;
  if (is_ground_truth) end = kHeaderBytes + ids_bytes;
  return OpenDenseRows(std::move(file), std::move(info), kHeaderBytes, end);
}

Result<std::string> Header(DataType, std::uint32_t dim, std::uint64_t rows) {
  if (rows > std::numeric_limits<std::uint32_t>::max()) {
    return Error{ErrorCode::kInvalidArgument, std::to_string(rows) +
                                                  " rows; a big-ann file counts them in 32 bits: "
                                                  "use .npy or .hdf5"};
  }
  const std::uint32_t fields[2] = {static_cast<std::uint32_t>(rows), dim};
  return std::string(reinterpret_cast<const char*>(fields), sizeof(fields));
}

WriterResult Create(const VectorSource& source, const VectorWriterParams& params) {
  return CreateDenseRows(source.file, params, Header);
}

}  // namespace

std::span<const VectorFormat> BigannFormats() {
  static const VectorFormat formats[] = {
      {".fbin", "fbin", {DataType::kF32}, false, Open, Create},
      {".u8bin", "u8bin", {DataType::kU8}, false, Open, Create},
      {".i8bin", "i8bin", {DataType::kI8}, false, Open, Create},
      {".ibin", "ibin", {DataType::kI32}, false, Open, Create},
  };
  return formats;
}

}  // namespace kith
