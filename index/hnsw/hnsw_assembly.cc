#include "index/hnsw/hnsw_assembly.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "index/hnsw/reachability.h"

namespace kith {
namespace {

constexpr std::size_t kSampleRowsMax = 20000;
constexpr std::size_t kSampleBytesMax = std::size_t{64} << 20;

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

Matrix<float> SampleRows(const ExactRows& source, std::size_t rows) {
  const std::size_t by_bytes =
      std::max<std::size_t>(1, kSampleBytesMax / (source.dim() * sizeof(float)));
  const std::size_t count = std::min({rows, kSampleRowsMax, by_bytes});
  Matrix<float> sample(count, source.dim());
  for (std::size_t i = 0; i < count; ++i) {  // spread over the (random) node order
    source.Decode(static_cast<std::uint32_t>(i * rows / count), sample.row(i));
  }
  return sample;
}

ExactKind ChooseExact(ExactKind wanted, const AnyCodec& codec, ExactKind source) {
  if (wanted != ExactKind::kAuto) return wanted;
  if (KindOf(codec) == CodecKind::kF32) return ExactKind::kNone;  // codes are the vectors
  const auto* bytes = std::get_if<Sq8Codec>(&codec);
  if (bytes != nullptr && bytes->lossless()) return ExactKind::kNone;
  return source;
}

HnswMeta MetaOf(const HnswAssembly& assembly, const HnswBuildParams& params,
                std::span<const std::uint32_t> level_counts, float rerank_slack) {
  return {.metric = params.metric,
          .exact = assembly.exact,
          .dim = static_cast<std::uint32_t>(assembly.source.dim()),
          .rows = assembly.rows,
          .m = params.m,
          .ef_construction = params.ef_construction,
          .seed = params.seed,
          .keep_pruned = params.keep_pruned,
          .rerank_slack = rerank_slack,
          .level_counts = {level_counts.begin(), level_counts.end()}};
}

}  // namespace

Status CheckHnswParams(const HnswBuildParams& params) {
  if (params.m < 2 || params.m > 128) {
    return Invalid("m is " + std::to_string(params.m) + ", expected 2 to 128");
  }
  if (params.ef_construction < 1 || params.ef_construction > 4096) {
    return Invalid("ef_construction is " + std::to_string(params.ef_construction) +
                   ", expected 1 to 4096");
  }
  return {};
}

Status CheckHnswShape(std::uint64_t rows, std::uint64_t dim, const std::string& path) {
  if (dim < 1 || dim > kIndexDimMax) {
    return Invalid(path + ": " + std::to_string(dim) + " dimensions, an index holds 1 to " +
                   std::to_string(kIndexDimMax));
  }
  if (rows > kIndexRowsMax) {
    return Invalid(path + ": " + std::to_string(rows) + " rows, an index holds up to " +
                   std::to_string(kIndexRowsMax));
  }
  return {};
}

Result<HnswAssembly> EncodeRows(const ExactRows& source, std::uint32_t rows,
                                const HnswBuildParams& params, ThreadPool& pool,
                                const Cancellation& cancellation, Progress& progress) {
  HnswAssembly assembly;
  assembly.source = source;
  assembly.rows = rows;
  progress.Start("encode", rows);
  Matrix<float> sample = rows > 0 ? SampleRows(source, rows) : Matrix<float>(1, source.dim());
  assembly.codec = TrainCodec(params.codec, sample.view(), params.metric, params.seed);
  if (KindOf(assembly.codec) == CodecKind::kSq8 && source.kind() == ExactKind::kU8) {
    assembly.codec = Sq8Codec::Lossless(source.dim(), params.metric);
  }
  assembly.exact = ChooseExact(params.exact, assembly.codec, source.kind());
  if (assembly.exact == ExactKind::kU8 && source.kind() != ExactKind::kU8) {
    return Invalid(
        "exact rows of u8 asked for, but the vectors are not whole numbers 0 to 255: "
        "choose f32, f16 or auto");
  }
  const std::size_t bytes = CodeBytes(assembly.codec);
  assembly.code_bytes = AlignedBuffer(std::size_t{rows} * bytes);
  auto* codes = reinterpret_cast<std::uint8_t*>(assembly.code_bytes.data());
  assembly.codes = {codes, bytes};
  TRY(pool.TryParallelFor(
      rows, 1024, cancellation, [&](std::size_t begin, std::size_t end, std::size_t) -> Status {
        std::vector<float> vector(source.dim());
        for (std::size_t i = begin; i < end; ++i) {
          source.Decode(static_cast<std::uint32_t>(i), vector);
          std::visit([&](const auto& codec) { codec.Encode(vector, codes + i * bytes); },
                     assembly.codec);
        }
        progress.Advance(end - begin);
        return {};
      }));
  return assembly;
}

Result<HnswBuildReport> FinishHnsw(const HnswAssembly& assembly, HnswGraph& graph,
                                   const HnswBuildParams& params, const NodeOrder& order,
                                   const CalibrationResult& calibrated,
                                   const std::string& file_path, const Cancellation& cancellation,
                                   Progress& progress) {
  ConnectUnreachable(graph, std::size_t{2} * params.m);
  const GraphView view = graph.view();
  const std::vector<std::uint32_t> locality = LocalityOrder(view);
  const HnswParts parts{
      .meta = MetaOf(assembly, params, order.level_counts, calibrated.rerank_slack),
      .codec = &assembly.codec,
      .graph = view,
      .codes = assembly.codes,
      .source = assembly.source,
      .ids = order.rows,
      .calibration = &calibrated.curve,
      .order = locality};
  HnswBuildReport report;
  report.rows = assembly.rows;
  report.dim = parts.meta.dim;
  report.file_bytes = TRY(WriteHnswFile(parts, file_path, cancellation, progress));
  report.codec = CodecName(KindOf(assembly.codec));
  report.exact = ExactName(assembly.exact);
  report.calibration = calibrated.curve.points();
  progress.Finish();
  return report;
}

}  // namespace kith
