// From a vector file, or a graph of another library, to an index file.
//
//   read      rows into memory in insertion order, as u8 or f32
//   encode    codec trained on a sample, all rows coded
//   build     graph of all rows but those held out
//   calibrate the held-out rows are queries, brute force is the truth
//   build     the held-out rows as well; nodes that nothing leads to are linked
//   write     in locality order
#include <algorithm>
#include <cassert>
#include <string>
#include <vector>

#include "index/hnsw/graph_builder.h"
#include "index/hnsw/hnsw_assembly.h"
#include "index/hnsw/hnsw_index.h"

namespace kith {
namespace {

constexpr std::size_t kCalibrationRowsMin = 20;  // fewer say nothing

// Most memory the build holds at once, u8 rows counted as f32 unless the file is u8.
std::uint64_t MemoryNeeded(const VectorReader& input, const HnswBuildParams& params) {
  const std::uint64_t rows = input.info().rows, dim = input.info().dim;
  const bool bytes = input.info().type == DataType::kU8 && params.metric != Metric::kCosine;
  const std::uint64_t source = ExactRows::RowBytes(bytes ? ExactKind::kU8 : ExactKind::kF32, dim);
  const std::uint64_t code = RoundUp(dim * (params.codec == CodecKind::kF32   ? 4
                                            : params.codec == CodecKind::kF16 ? 2
                                                                              : 1),
                                     kCacheLineBytes);
  const std::uint64_t links = 8ull * GroundWidth(params.m) + 8ull * params.m / (params.m - 1) + 16;
  return rows * (source + code + links) + (std::uint64_t{256} << 20);
}

}  // namespace

Result<HnswBuildReport> BuildHnswIndex(const VectorReader& input, const HnswBuildParams& params,
                                       const std::string& file_path, ThreadPool& pool,
                                       const Cancellation& cancellation, Progress& progress) {
  TRY(CheckHnswParams(params));
  TRY(CheckHnswShape(input.info().rows, input.info().dim, input.info().path));
  assert(params.ids.empty() || params.ids.size() == input.info().rows);
  const std::uint64_t needed = MemoryNeeded(input, params);
  if (params.memory_bytes_max > 0 && needed > params.memory_bytes_max) {
    return Error{ErrorCode::kResourceExhausted,
                 input.info().path + ": building in memory needs about " +
                     std::to_string(needed >> 20) + " MiB, the limit is " +
                     std::to_string(params.memory_bytes_max >> 20) + " MiB"};
  }
  const auto rows = static_cast<std::uint32_t>(input.info().rows);
  NodeOrder order = RandomNodeOrder(rows, params.m, params.seed);
  std::vector<std::uint32_t> position(rows);
  for (std::uint32_t node = 0; node < rows; ++node) position[order.rows[node]] = node;
  const SourceRows source =
      TRY(SourceRows::Read(input, params.metric, position, cancellation, progress));
  const HnswAssembly assembly =
      TRY(EncodeRows(source.rows(), rows, params, pool, cancellation, progress));
  if (!params.ids.empty()) {
    for (std::uint32_t& row : order.rows) row = params.ids[row];
  }

  const std::uint32_t ground_only =
      order.level_counts[0] - (order.level_counts.size() > 1 ? order.level_counts[1] : 0);
  std::uint32_t held_out = std::min({params.calibration_queries, rows / 10, ground_only});
  if (held_out < kCalibrationRowsMin) held_out = 0;

  return std::visit(
      [&]<typename Codec>(const Codec& codec) -> Result<HnswBuildReport> {
        const VectorSource vectors = [&](std::uint32_t node, std::span<float> vector) {
          assembly.source.Decode(node, vector);
        };
        GraphBuilder<Codec> builder(codec, assembly.codes, order.level_counts, vectors,
                                    {.m = params.m,
                                     .ef_construction = params.ef_construction,
                                     .keep_pruned = params.keep_pruned},
                                    pool);
        progress.Start("build graph", rows);
        TRY(builder.InsertUntil(rows - held_out, cancellation, progress));
        CalibrationResult calibrated;
        if (held_out > 0) {
          const HnswData data{
              .graph = builder.graph().view(),
              .codes = assembly.codes,
              .exact = assembly.exact == ExactKind::kNone ? ExactRows() : assembly.source};
          calibrated = TRY(CalibrateHnsw(codec, data, assembly.source, rows - held_out, rows,
                                         params.metric, pool, cancellation, progress));
          progress.Start("build graph", held_out);
          TRY(builder.InsertUntil(rows, cancellation, progress));
        }
        return FinishHnsw(assembly, builder.graph(), params, order, calibrated, file_path,
                          cancellation, progress);
      },
      assembly.codec);
}

}  // namespace kith
