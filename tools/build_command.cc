// kith build: a vector file into an index directory.
#include <CLI/CLI.hpp>
#include <memory>

#include "engine/jobs/build_job.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/number_option.h"
#include "tools/row_storage_options.h"
#include "tools/size_argument.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct BuildOptions {
  BuildParams params;
  std::string index = "hnsw", metric = "l2", memory;
  RowStorageOptions storage;
  bool force = false, json = false;
};

Status ReadOptions(BuildOptions& options) {
  BuildParams& params = options.params;
  params.index = TRY(ParseIndexKind(options.index));
  params.hnsw.metric = TRY(ParseMetric(options.metric));
  TRY(ReadRowStorage(options.storage, params.hnsw));
  if (!options.memory.empty()) params.hnsw.memory_bytes_max = TRY(ParseSize(options.memory));
  if (options.force) params.if_exists = OutputFile::IfExists::kReplace;
  return {};
}

void PrintJson(const BuildParams& params, const BuildReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("vectors", report.vectors);
  json.Field("dim", report.dim);
  json.Field("seconds", report.seconds);
  json.Field("cpu_seconds", report.cpu_seconds);
  json.Field("vectors_per_s", report.vectors_per_s);
  json.Field("index_bytes", report.index_bytes);
  json.Field("peak_resident_bytes", report.peak_resident_bytes);
  json.Field("threads", report.threads);
  json.BeginObject("params");
  json.Field("index", IndexKindName(params.index));
  json.Field("metric", MetricName(params.hnsw.metric));
  json.Field("codec", report.codec);
  if (params.index == IndexKind::kHnsw) {
    json.Field("exact", report.exact);
    json.Field("m", params.hnsw.m);
    json.Field("ef_construction", params.hnsw.ef_construction);
    json.Field("keep_pruned", params.hnsw.keep_pruned);
    json.Field("seed", params.hnsw.seed);
    json.Field("calibration_queries", params.hnsw.calibration_queries);
    json.Field("memory_bytes_max", params.hnsw.memory_bytes_max);
  }
  json.End();
  json.End();
  out += '\n';
}

void PrintText(const BuildParams& params, const BuildReport& report, std::string& out) {
  out += params.output + ": " + std::string(IndexKindName(params.index)) + " index of " +
         FormatCount(report.vectors) + " vectors of dim " + std::to_string(report.dim) + ", " +
         std::string(MetricName(params.hnsw.metric)) + "\n";
  FactList facts;
  facts.Add("codec", report.codec);
  if (params.index == IndexKind::kHnsw) facts.Add("exact rows", report.exact);
  facts.Add("size", FormatSize(report.index_bytes));
  facts.Add("time", FormatSeconds(report.seconds) + ", " + FormatSeconds(report.cpu_seconds) +
                        " of CPU, threads: " + std::to_string(report.threads));
  facts.Add("speed", FormatCount(static_cast<std::uint64_t>(report.vectors_per_s)) + " vectors/s");
  facts.Add("peak memory", FormatSize(report.peak_resident_bytes));
  out += facts.Text();
}

void DeclareHnswOptions(CLI::App& app, BuildOptions& options) {
  HnswBuildParams& hnsw = options.params.hnsw;
  DeclareRowStorage(app, options.storage);
  AddNumber(app, "--m", hnsw.m, "Links of a node on upper levels; twice as many on level 0");
  AddNumber(app, "--ef-construction", hnsw.ef_construction,
            "Pool of the walk that finds a node's links");
  app.add_flag("--keep-pruned", hnsw.keep_pruned,
               "Fill lists of links with the nearest of the pruned candidates");
  AddNumber(app, "--seed", hnsw.seed, "Of all randomness: levels, training, calibration");
  app.add_option("--memory", options.memory,
                 "Refuse to start when the build would take more than this, for example 2GiB; "
                 "default: no limit");
  AddNumber(app, "--calibration-queries", hnsw.calibration_queries,
            "Held-out rows that measure recall for --target-recall; 0: no calibration");
}

Status RunBuild(BuildOptions& options, CommandContext& context) {
  TRY(ReadOptions(options));
  const BuildReport report =
      TRY(BuildIndex(options.params, context.cancellation, context.progress));
  if (options.json) {
    PrintJson(options.params, report, context.output);
  } else {
    PrintText(options.params, report, context.output);
  }
  return {};
}

}  // namespace

CommandRun DeclareBuild(CLI::App& app) {
  const auto options = std::make_shared<BuildOptions>();
  app.add_option("--input", options->params.input,
                 "Vector file: .fvecs .bvecs .npy .fbin .u8bin .i8bin, or file.hdf5:dataset")
      ->required();
  app.add_option("--output", options->params.output, "Index directory to write")->required();
  app.add_option("--index", options->index,
                 "hnsw: a graph, for speed; flat: scans every vector, exact")
      ->capture_default_str();
  app.add_option("--metric", options->metric, "l2, ip (inner product) or cosine")
      ->capture_default_str();
  DeclareHnswOptions(app, *options);
  AddThreads(app, options->params.threads,
             "Threads; 0: one per processor. Their number does not change the index");
  app.add_flag("--force", options->force, "Replace the index if it exists");
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "The directory appears under its name when it is complete; Ctrl-C leaves nothing.\n\n"
      "Examples:\n"
      "  kith build --input base.fvecs --output base.index\n"
      "  kith build --input base.npy --output base.index --metric cosine --m 24\n"
      "  kith build --input sift.hdf5:train --output sift.index --memory 4GiB --json");
  return [options](CommandContext& context) { return RunBuild(*options, context); };
}

}  // namespace kith
