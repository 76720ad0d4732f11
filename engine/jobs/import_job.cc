#include "engine/jobs/import_job.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <numeric>
#include <system_error>
#include <utility>
#include <vector>

#include "core/matrix.h"
#include "core/resource_usage.h"
#include "core/thread_pool.h"
#include "index/flat/flat_index.h"
#include "index/foreign/foreign_index.h"
#include "index/index_directory.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

namespace fs = std::filesystem;

// Rows in memory, in another order, as the builders want to read them.  Borrows.
class OrderedRows : public VectorReader {
 public:
  OrderedRows(const std::string& path, const std::string& format, MatrixView<const float> rows,
              const std::vector<std::uint32_t>& order)
      : VectorReader({.path = path,
                      .format = format,
                      .type = DataType::kF32,
                      .rows = rows.rows(),
                      .dim = static_cast<std::uint32_t>(rows.cols())}),
        rows_(rows),
        order_(order) {}

  Status ReadRaw(std::uint64_t first, std::uint64_t count,
                 std::span<std::byte> out) const override {
    const std::size_t row_bytes = rows_.cols() * sizeof(float);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::memcpy(out.data() + i * row_bytes, rows_.row(order_[first + i]).data(), row_bytes);
    }
    return {};
  }

 private:
  MatrixView<const float> rows_;
  const std::vector<std::uint32_t>& order_;
};

Error Invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

Status CheckFormat(const ImportParams& params, const ForeignIndex& foreign) {
  const std::string_view wanted = params.format == ForeignFormat::kHnswlib ? "hnswlib"
                                  : params.format == ForeignFormat::kFaiss ? "faiss"
                                                                           : "";
  if (foreign.format.starts_with(wanted)) return {};
  return Invalid(params.input + " is a " + foreign.format + " file: expected " +
                 std::string(wanted));
}

Result<Metric> ChooseMetric(const ImportParams& params, const ForeignIndex& foreign) {
  if (!foreign.metric && !params.metric) {
    return Invalid(params.input + ": " + foreign.format +
                   " files do not say their metric: give l2, ip or cosine");
  }
  const Metric metric = params.metric ? *params.metric : *foreign.metric;
  // Cosine is the inner product of normalised vectors, so it may stand for ip.
  const bool agrees = !foreign.metric || metric == *foreign.metric ||
                      (metric == Metric::kCosine && *foreign.metric == Metric::kInnerProduct);
  if (agrees) return metric;
  return Invalid(params.input + " is an index for " + std::string(MetricName(*foreign.metric)) +
                 ", not for " + std::string(MetricName(metric)));
}

// Rows by ascending id, equal ids in their order.
std::vector<std::uint32_t> OrderById(const std::vector<std::uint64_t>& ids) {
  std::vector<std::uint32_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, {}, [&](std::uint32_t row) { return ids[row]; });
  return order;
}

Status WriteIds(const std::string& path, const std::vector<std::uint64_t>& ids,
                const std::vector<std::uint32_t>& order) {
  OutputFile file = TRY(OutputFile::Create(path, OutputFile::IfExists::kRefuse));
  for (const std::uint32_t row : order) TRY(file.Append(std::to_string(ids[row]) + "\n"));
  return file.Commit();
}

class Importer {
 public:
  Importer(const ImportParams& params, ForeignIndex foreign, const Cancellation& cancellation,
           Progress& progress)
      : params_(params),
        foreign_(std::move(foreign)),
        cancellation_(cancellation),
        progress_(progress) {}

  Status ImportInto(const std::string& folder, ImportReport& report) {
    const std::vector<std::uint32_t> order = OrderById(foreign_.ids);
    report.vectors = foreign_.rows.rows();
    report.dim = static_cast<std::uint32_t>(foreign_.rows.cols());
    for (std::size_t i = 0; i < order.size() && !report.ids_written; ++i) {
      report.ids_written = foreign_.ids[order[i]] != i;
    }
    if (report.ids_written) {
      TRY(WriteIds((fs::path(folder) / kImportedIdsName).string(), foreign_.ids, order));
    }
    const std::string file_path = (fs::path(folder) / kIndexFileName).string();
    if (report.index == IndexKind::kFlat) {
      TRY(BuildFlatIndex(
          OrderedRows(params_.input, foreign_.format, std::as_const(foreign_.rows).view(), order),
          {.metric = report.metric}, file_path, cancellation_, progress_));
      report.codec = "f32";
    } else {
      TRY(WriteHnsw(file_path, order, report));
    }
    std::error_code error;
    report.index_bytes = fs::file_size(file_path, error);
    return {};
  }

 private:
  Status WriteHnsw(const std::string& file_path, const std::vector<std::uint32_t>& order,
                   ImportReport& report) {
    ThreadPool pool(params_.threads);
    HnswBuildParams hnsw = params_.hnsw;
    hnsw.metric = report.metric;
    HnswBuildReport built;
    if (foreign_.graph) {
      report.graph_kept = true;
      built = TRY(ImportHnswIndex(Graph(order), hnsw, file_path, pool, cancellation_, progress_));
    } else {
      const OrderedRows rows(params_.input, foreign_.format, std::as_const(foreign_.rows).view(),
                             order);
      built = TRY(BuildHnswIndex(rows, hnsw, file_path, pool, cancellation_, progress_));
    }
    report.codec = built.codec;
    report.exact = built.exact;
    return {};
  }

  // Takes rows and links out of foreign_.
  ImportedGraph Graph(const std::vector<std::uint32_t>& order) {
    ImportedGraph graph;
    graph.ids.resize(order.size());
    for (std::uint32_t position = 0; position < order.size(); ++position) {
      graph.ids[order[position]] = position;
    }
    graph.rows = std::move(foreign_.rows);
    graph.levels = std::move(foreign_.graph->levels);
    graph.links = std::move(foreign_.graph->links);
    graph.entry_point = foreign_.graph->entry_point;
    graph.m = foreign_.graph->m;
    return graph;
  }

  const ImportParams& params_;
  ForeignIndex foreign_;
  const Cancellation& cancellation_;
  Progress& progress_;
};

}  // namespace

Result<ForeignFormat> ParseForeignFormat(std::string_view name) {
  if (name == "auto") return ForeignFormat::kAuto;
  if (name == "hnswlib") return ForeignFormat::kHnswlib;
  if (name == "faiss") return ForeignFormat::kFaiss;
  return Invalid("unknown format \"" + std::string(name) + "\": expected auto, hnswlib or faiss");
}

Result<ImportReport> ImportIndex(const ImportParams& params, const Cancellation& cancellation,
                                 Progress& progress) {
  const double start_seconds = WallSeconds(), start_cpu_seconds = ProcessCpuSeconds();
  OutputDirectory directory =
      TRY(OutputDirectory::Create(params.output, params.if_exists, kIndexFileName));
  const std::uint64_t bytes_max = params.hnsw.memory_bytes_max == 0
                                      ? std::numeric_limits<std::uint64_t>::max()
                                      : params.hnsw.memory_bytes_max;
  progress.Start("read", 0);
  ForeignIndex foreign = TRY(ReadForeignIndex(params.input, bytes_max));
  TRY(CheckFormat(params, foreign));
  TRY(cancellation.Check());

  ImportReport report;
  report.format = foreign.format;
  report.metric = TRY(ChooseMetric(params, foreign));
  report.index = params.index.value_or(foreign.graph ? IndexKind::kHnsw : IndexKind::kFlat);
  report.deleted = foreign.deleted.size();
  DropDeleted(foreign);
  Importer importer(params, std::move(foreign), cancellation, progress);
  TRY(importer.ImportInto(directory.path(), report));
  TRY(cancellation.Check());
  TRY(directory.Commit());
  report.seconds = WallSeconds() - start_seconds;
  report.cpu_seconds = ProcessCpuSeconds() - start_cpu_seconds;
  report.peak_resident_bytes = PeakResidentBytes();
  return report;
}

}  // namespace kith
