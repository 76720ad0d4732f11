// The seam between vector_file.cc and the formats: a family of formats is one .cc file that
// fills in VectorFormat rows, and one line in the table of vector_file.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data_type.h"
#include "core/file.h"
#include "core/result.h"
#include "storage/vector_file.h"

namespace kith {

struct VectorFormat;
using ReaderResult = Result<std::unique_ptr<VectorReader>>;
using WriterResult = Result<std::unique_ptr<VectorWriter>>;

// A path as the user gave it, taken apart.
struct VectorSource {
  std::string path;     // whole, for messages
  std::string file;     // without ":dataset"
  std::string dataset;  // empty: the format's default
  const VectorFormat* format = nullptr;
};

struct VectorWriterParams {
  DataType type = DataType::kF32;
  std::uint32_t dim = 0;
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
};

struct VectorFormat {
  std::string_view extension;  // with its dot, lower case
  std::string_view name;       // what VectorFileInfo::format says
  std::vector<DataType> types;
  bool has_datasets = false;
  ReaderResult (*open)(const VectorSource& source);
  WriterResult (*create)(const VectorSource& source, const VectorWriterParams& params);
};

std::span<const VectorFormat> TexmexFormats();
std::span<const VectorFormat> NpyFormats();
std::span<const VectorFormat> BigannFormats();
std::span<const VectorFormat> Hdf5Formats();

// A file of rows back to back behind a header: what npy and big-ann share.
//
// Checks dim and that the rows fill the file from `data_offset` to `data_end` exactly.
ReaderResult OpenDenseRows(File file, VectorFileInfo info, std::uint64_t data_offset,
                           std::uint64_t data_end);

// The writer's side: `header` gives the header's bytes for a number of rows, always as many.
using DenseHeader = Result<std::string> (*)(DataType type, std::uint32_t dim, std::uint64_t rows);
WriterResult CreateDenseRows(const std::string& file, const VectorWriterParams& params,
                             DenseHeader header);

// The writing half of Hdf5Formats(), which needs no library (hdf5_writer.cc).
WriterResult CreateHdf5(const VectorSource& source, const VectorWriterParams& params);
inline constexpr std::string_view kHdf5DefaultDataset = "train";

// kInvalidArgument unless dim is 1 to kDimMax, or 0 with zero rows.
Status CheckVectorDim(const std::string& path, std::uint64_t dim, std::uint64_t rows);

}  // namespace kith
