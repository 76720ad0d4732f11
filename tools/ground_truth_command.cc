// kith ground-truth: exact nearest neighbours of a query file.
#include <CLI/CLI.hpp>
#include <memory>

#include "engine/jobs/ground_truth_job.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/number_option.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct GroundTruthOptions {
  GroundTruthParams params;
  std::string metric = "l2";
  bool force = false, json = false;
};

void PrintJson(const GroundTruthParams& params, const GroundTruthReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("vectors", report.base_vectors);
  json.Field("queries", report.queries);
  json.Field("dim", report.dim);
  json.Field("k", report.k);
  json.Field("metric", MetricName(params.metric));
  json.Field("seconds", report.seconds);
  json.Field("cpu_seconds", report.cpu_seconds);
  json.Field("threads", report.threads);
  json.Field("peak_resident_bytes", report.peak_resident_bytes);
  json.End();
  out += '\n';
}

Status RunGroundTruth(GroundTruthOptions& options, CommandContext& context) {
  GroundTruthParams& params = options.params;
  params.metric = TRY(ParseMetric(options.metric));
  if (options.force) params.if_exists = OutputFile::IfExists::kReplace;
  const GroundTruthReport report =
      TRY(ComputeGroundTruth(params, context.cancellation, context.progress));
  if (options.json) {
    PrintJson(params, report, context.output);
    return {};
  }
  context.output += params.output + ": the " + std::to_string(report.k) + " nearest of " +
                    FormatCount(report.base_vectors) + " vectors (" +
                    std::string(MetricName(params.metric)) + ", dim " + std::to_string(report.dim) +
                    ") for " + FormatCount(report.queries) + " queries, in " +
                    FormatSeconds(report.seconds) + "\n";
  return {};
}

}  // namespace

CommandRun DeclareGroundTruth(CLI::App& app) {
  const auto options = std::make_shared<GroundTruthOptions>();
  GroundTruthParams& params = options->params;
  app.add_option("--base", params.base, "Vector file that is searched")->required();
  app.add_option("--queries", params.queries, "Vector file of the queries")->required();
  app.add_option("--output", params.output,
                 "Row numbers of the nearest, nearest first: .ivecs, .ibin, .npy, or .jsonl "
                 "with distances")
      ->required();
  AddNumber(app, "--k", params.k, "Neighbours of each query");
  app.add_option("--metric", options->metric,
                 "l2 (squared), ip (negated inner product) or cosine (1 - cosine)")
      ->capture_default_str();
  app.add_option("--distances", params.distances,
                 "Also write the distances: .fvecs, .fbin or .npy");
  AddNumber(app, "--limit", params.queries_max, "Only the first so many queries; 0: all");
  AddThreads(app, params.threads, "Threads; 0: one per processor");
  app.add_flag("--force", options->force, "Replace the output if it exists");
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "Distances are ranked in float64; ties go to the lower row number.\n\n"
      "Examples:\n"
      "  kith ground-truth --base base.fvecs --queries query.fvecs --output truth.ivecs\n"
      "  kith ground-truth --base base.npy --queries query.npy --k 10 --metric cosine \\\n"
      "      --output truth.jsonl");
  return [options](CommandContext& context) { return RunGroundTruth(*options, context); };
}

}  // namespace kith
