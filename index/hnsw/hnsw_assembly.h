// The steps that building and importing share: checks, coding, linking what is lost, writing.
// Private to index/hnsw.
#pragma once

#include <cstdint>
#include <string>

#include "index/codec/any_codec.h"
#include "index/hnsw/hnsw_calibration.h"
#include "index/hnsw/hnsw_file.h"
#include "index/hnsw/node_order.h"
#include "index/hnsw/source_rows.h"

namespace kith {

Status CheckHnswParams(const HnswBuildParams& params);
Status CheckHnswShape(std::uint64_t rows, std::uint64_t dim, const std::string& path);

// Source rows (borrowed) and their codes, in node order.
struct HnswAssembly {
  ExactRows source;
  std::uint32_t rows = 0;
  AnyCodec codec = FloatCodec(1, Metric::kL2);
  ExactKind exact = ExactKind::kNone;  // to be written
  AlignedBuffer code_bytes;
  CodeArray codes;
};

// Trains the codec on a sample and codes every row.
Result<HnswAssembly> EncodeRows(const ExactRows& source, std::uint32_t rows,
                                const HnswBuildParams& params, ThreadPool& pool,
                                const Cancellation& cancellation, Progress& progress);

// Links nodes that nothing leads to, orders nodes by locality and writes the file.  order.rows are
// the ids that searches return.
Result<HnswBuildReport> FinishHnsw(const HnswAssembly& assembly, HnswGraph& graph,
                                   const HnswBuildParams& params, const NodeOrder& order,
                                   const CalibrationResult& calibrated,
                                   const std::string& file_path, const Cancellation& cancellation,
                                   Progress& progress);

}  // namespace kith
