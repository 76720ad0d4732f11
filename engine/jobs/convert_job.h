// Vectors from one file to another, in blocks of bounded memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/result.h"

namespace kith {

struct ConvertParams {
  std::string input;   // any format of storage/vector_file.h
  std::string output;  // its extension is the format
  // Absent: the only one that the output's format holds (f32 in .fvecs, u8 in .bvecs, ...), and
  // for .npy and .hdf5 the input's.
  std::optional<DataType> type;
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
};

struct ConvertReport {
  std::uint64_t vectors = 0;
  std::uint32_t dim = 0;
  DataType input_type = DataType::kF32, output_type = DataType::kF32;
  double seconds = 0;
};

// Blocks until done; tells `progress` in vectors.  Values are never rounded on the way to an
// integer type: one that does not fit exactly is kInvalidArgument with its row and column.
// Otherwise errors are those of reading and writing; the output appears complete or not at all.
Result<ConvertReport> ConvertVectors(const ConvertParams& params, const Cancellation& cancellation,
                                     Progress& progress);

}  // namespace kith
