// kith import: an index file of hnswlib or FAISS into an index directory.
#include <CLI/CLI.hpp>
#include <memory>

#include "engine/jobs/import_job.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/number_option.h"
#include "tools/row_storage_options.h"
#include "tools/size_argument.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct ImportOptions {
  ImportParams params;
  std::string format = "auto", metric, index = "auto", memory;
  RowStorageOptions storage;
  bool force = false, json = false;
};

Status ReadOptions(ImportOptions& options) {
  ImportParams& params = options.params;
  params.format = TRY(ParseForeignFormat(options.format));
  if (!options.metric.empty()) params.metric = TRY(ParseMetric(options.metric));
  if (options.index != "auto") params.index = TRY(ParseIndexKind(options.index));
  TRY(ReadRowStorage(options.storage, params.hnsw));
  if (!options.memory.empty()) params.hnsw.memory_bytes_max = TRY(ParseSize(options.memory));
  if (options.force) params.if_exists = OutputFile::IfExists::kReplace;
  return {};
}

void PrintJson(const ImportReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("format", report.format);
  json.Field("index", IndexKindName(report.index));
  json.Field("metric", MetricName(report.metric));
  json.Field("graph_kept", report.graph_kept);
  json.Field("vectors", report.vectors);
  json.Field("dim", report.dim);
  json.Field("deleted", report.deleted);
  json.Field("ids_written", report.ids_written);
  json.Field("codec", report.codec);
  if (!report.exact.empty()) json.Field("exact", report.exact);
  json.Field("index_bytes", report.index_bytes);
  json.Field("seconds", report.seconds);
  json.Field("cpu_seconds", report.cpu_seconds);
  json.Field("peak_resident_bytes", report.peak_resident_bytes);
  json.End();
  out += '\n';
}

void PrintText(const ImportParams& params, const ImportReport& report, std::string& out) {
  out += params.output + ": " + std::string(IndexKindName(report.index)) + " index of " +
         FormatCount(report.vectors) + " vectors of dim " + std::to_string(report.dim) + ", " +
         std::string(MetricName(report.metric)) + "\n";
  FactList facts;
  facts.Add("from", report.format);
  if (report.index == IndexKind::kHnsw) {
    facts.Add("graph", report.graph_kept ? "that of the file" : "built from its vectors");
  }
  if (report.deleted > 0) {
    facts.Add("left out", FormatCount(report.deleted) + " vectors marked deleted");
  }
  if (report.ids_written) {
    facts.Add("ids", std::string("answers are line numbers, from 0, of ") + params.output + "/" +
                         kImportedIdsName);
  }
  facts.Add("codec", report.codec);
  if (!report.exact.empty()) facts.Add("exact rows", report.exact);
  facts.Add("size", FormatSize(report.index_bytes));
  facts.Add("time", FormatSeconds(report.seconds));
  out += facts.Text();
}

Status RunImport(ImportOptions& options, CommandContext& context) {
  TRY(ReadOptions(options));
  const ImportReport report =
      TRY(ImportIndex(options.params, context.cancellation, context.progress));
  if (options.json) {
    PrintJson(report, context.output);
  } else {
    PrintText(options.params, report, context.output);
  }
  return {};
}

}  // namespace

CommandRun DeclareImport(CLI::App& app) {
  const auto options = std::make_shared<ImportOptions>();
  HnswBuildParams& hnsw = options->params.hnsw;
  app.add_option("--input", options->params.input,
                 "hnswlib file (saveIndex), or FAISS file (write_index) of IndexHNSWFlat, "
                 "IndexFlat or IndexIVFFlat")
      ->required();
  app.add_option("--output", options->params.output, "Index directory to write")->required();
  app.add_option("--format", options->format, "auto, hnswlib or faiss")->capture_default_str();
  app.add_option("--metric", options->metric,
                 "l2, ip or cosine: needed for hnswlib files, which do not say; default: the "
                 "file's");
  app.add_option("--index", options->index,
                 "hnsw, flat or auto: hnsw for a file with a graph, flat for one without")
      ->capture_default_str();
  DeclareRowStorage(app, options->storage);
  AddNumber(app, "--m", hnsw.m, "Where a graph is built: links of a node on upper levels");
  AddNumber(app, "--ef-construction", hnsw.ef_construction,
            "Where a graph is built: pool of the walk that finds a node's links");
  AddNumber(app, "--seed", hnsw.seed, "Of all randomness");
  app.add_option("--memory", options->memory,
                 "Refuse to start when it would take more than this, for example 2GiB; default: "
                 "no limit");
  AddNumber(app, "--calibration-queries", hnsw.calibration_queries,
            "Held-out rows that measure recall for --target-recall; 0: no calibration");
  AddThreads(app, options->params.threads, "Threads; 0: one per processor");
  app.add_flag("--force", options->force, "Replace the index if it exists");
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "A graph in the file is walked as it is, over kith's codes.  Answers are the file's ids\n"
      "when those are 0 to n - 1; else they are positions in the file ids.txt of the index.\n\n"
      "Examples:\n"
      "  kith import --input words.bin --metric cosine --output words.index\n"
      "  kith import --input photos.faiss --output photos.index --codec sq8");
  return [options](CommandContext& context) { return RunImport(*options, context); };
}

}  // namespace kith
