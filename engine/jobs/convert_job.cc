#include "engine/jobs/convert_job.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/matrix.h"
#include "core/resource_usage.h"
#include "engine/jobs/row_blocks.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

// The type of a format that holds only one.
std::optional<DataType> OnlyTypeOf(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, DataType>, 7> kFormats = {{
      {".fvecs", DataType::kF32},
      {".bvecs", DataType::kU8},
      {".ivecs", DataType::kI32},
      {".fbin", DataType::kF32},
      {".u8bin", DataType::kU8},
      {".i8bin", DataType::kI8},
      {".ibin", DataType::kI32},
  }};
  for (const auto& [extension, type] : kFormats) {
    if (path.ends_with(extension)) return type;
  }
  return std::nullopt;
}

Status CopyRaw(const VectorReader& reader, VectorWriter& writer, const Cancellation& cancellation,
               Progress& progress) {
  const VectorFileInfo& info = reader.info();
  const std::uint64_t row_bytes = info.dim * DataTypeBytes(info.type);
  const std::uint64_t block_rows = RowsPerBlock(row_bytes);
  std::vector<std::byte> block;
  for (std::uint64_t row = 0; row < info.rows; row += block_rows) {
    TRY(cancellation.Check());
    const std::uint64_t rows = std::min(block_rows, info.rows - row);
    block.resize(rows * row_bytes);
    TRY(reader.ReadRaw(row, rows, block));
    TRY(writer.AppendRaw(block));
    progress.Advance(rows);
  }
  return {};
}

Status CopyAsF32(const VectorReader& reader, VectorWriter& writer, const Cancellation& cancellation,
                 Progress& progress) {
  const VectorFileInfo& info = reader.info();
  const std::uint64_t block_rows = std::min(RowsPerBlock(info.dim * sizeof(float)), info.rows);
  Matrix<float> block(block_rows, info.dim);
  for (std::uint64_t row = 0; row < info.rows; row += block_rows) {
    TRY(cancellation.Check());
    const std::uint64_t rows = std::min(block_rows, info.rows - row);
    TRY(reader.ReadF32(row, block.view().rows(0, rows)));
    TRY(writer.AppendF32(std::as_const(block).view().rows(0, rows)));
    progress.Advance(rows);
  }
  return {};
}

}  // namespace

Result<ConvertReport> ConvertVectors(const ConvertParams& params, const Cancellation& cancellation,
                                     Progress& progress) {
  const double start_seconds = WallSeconds();
  const std::unique_ptr<VectorReader> reader = TRY(VectorReader::Open(params.input));
  const VectorFileInfo& info = reader->info();
  const DataType type = params.type.value_or(OnlyTypeOf(params.output).value_or(info.type));
  const std::unique_ptr<VectorWriter> writer =
      TRY(VectorWriter::Create(params.output, type, info.dim, params.if_exists));
  progress.Start("convert", info.rows);
  if (type == info.type) {
    TRY(CopyRaw(*reader, *writer, cancellation, progress));
  } else {
    TRY(CopyAsF32(*reader, *writer, cancellation, progress));
  }
  TRY(writer->Commit());
  return ConvertReport{info.rows, info.dim, info.type, type, WallSeconds() - start_seconds};
}

}  // namespace kith
