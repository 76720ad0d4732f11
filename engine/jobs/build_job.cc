#include "engine/jobs/build_job.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "core/resource_usage.h"
#include "core/thread_pool.h"
#include "index/flat/flat_index.h"
#include "index/index_directory.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

namespace fs = std::filesystem;

Status BuildInto(const std::string& file_path, const BuildParams& params,
                 const VectorReader& reader, const Cancellation& cancellation, Progress& progress,
                 BuildReport& report) {
  if (params.index == IndexKind::kFlat) {
    report.threads = 1;
    report.codec = std::string(DataTypeName(reader.info().type));
    return BuildFlatIndex(reader, {.metric = params.hnsw.metric}, file_path, cancellation,
                          progress);
  }
  ThreadPool pool(params.threads);
  report.threads = pool.threads();
  HnswBuildReport built =
      TRY(BuildHnswIndex(reader, params.hnsw, file_path, pool, cancellation, progress));
  report.codec = std::move(built.codec);
  report.exact = std::move(built.exact);
  report.calibration = std::move(built.calibration);
  return {};
}

}  // namespace

std::string_view IndexKindName(IndexKind kind) {
  return kind == IndexKind::kHnsw ? "hnsw" : "flat";
}

Result<IndexKind> ParseIndexKind(std::string_view name) {
  if (name == "hnsw") return IndexKind::kHnsw;
  if (name == "flat") return IndexKind::kFlat;
  if (name == "spann") {
    return Error{ErrorCode::kUnsupported,
                 "index \"spann\" is not in this version: it builds hnsw and flat"};
  }
  return Error{ErrorCode::kInvalidArgument,
               "unknown index \"" + std::string(name) + "\": expected hnsw or flat"};
}

Result<BuildReport> BuildIndex(const BuildParams& params, const Cancellation& cancellation,
                               Progress& progress) {
  const double start_seconds = WallSeconds(), start_cpu_seconds = ProcessCpuSeconds();
  const std::unique_ptr<VectorReader> reader = TRY(VectorReader::Open(params.input));
  OutputDirectory directory =
      TRY(OutputDirectory::Create(params.output, params.if_exists, kIndexFileName));
  const std::string file_path = (fs::path(directory.path()) / kIndexFileName).string();

  BuildReport report;
  TRY(BuildInto(file_path, params, *reader, cancellation, progress, report));
  std::error_code error;
  report.index_bytes = fs::file_size(file_path, error);
  if (error) {
    return Error{ErrorCode::kIoError, "cannot stat " + file_path + ": " + error.message()};
  }
  TRY(cancellation.Check());
  TRY(directory.Commit());

  report.vectors = reader->info().rows;
  report.dim = reader->info().dim;
  report.seconds = WallSeconds() - start_seconds;
  report.cpu_seconds = ProcessCpuSeconds() - start_cpu_seconds;
  report.vectors_per_s = static_cast<double>(report.vectors) / std::max(report.seconds, 1e-9);
  report.peak_resident_bytes = PeakResidentBytes();
  return report;
}

}  // namespace kith
