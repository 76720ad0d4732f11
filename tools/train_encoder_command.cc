// kith train-encoder: a corpus into a text encoder.
#include <CLI/CLI.hpp>
#include <memory>

#include "engine/jobs/text_jobs.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/number_option.h"
#include "tools/size_argument.h"
#include "tools/text_input_options.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct TrainOptions {
  TrainEncoderParams params;
  TextInputOptions input;
  std::size_t threads = 0;
  bool force = false, json = false;
};

void PrintJson(const TrainEncoderParams& params, const TrainEncoderReport& report,
               std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("documents", report.documents);
  json.Field("documents_without_features", report.documents_without_features);
  json.Field("text_bytes", report.text_bytes);
  json.Field("features_seen", report.features_seen);
  json.Field("features_dropped", report.features_dropped);
  json.Field("features", report.features);
  json.Field("sample_documents", report.sample_documents);
  json.Field("dim", report.dim);
  json.Field("encoder_bytes", report.encoder_bytes);
  json.Field("seconds", report.seconds);
  json.Field("cpu_seconds", report.cpu_seconds);
  json.Field("documents_per_s", report.documents_per_s);
  json.Field("peak_resident_bytes", report.peak_resident_bytes);
  json.BeginObject("params");
  json.Field("columns", params.encoder.columns);
  json.Field("seed", params.encoder.seed);
  json.End();
  json.End();
  out += '\n';
}

Status RunTrain(TrainOptions& options, CommandContext& context) {
  TrainEncoderParams& params = options.params;
  params.input = ReadTextInput(options.input);
  if (options.force) params.if_exists = OutputFile::IfExists::kReplace;
  ThreadPool pool(options.threads);
  const TrainEncoderReport report =
      TRY(TrainEncoder(params, pool, context.cancellation, context.progress));
  if (options.json) {
    PrintJson(params, report, context.output);
    return {};
  }
  context.output += params.output + ": text encoder of dim " + std::to_string(report.dim) +
                    ", trained on " + FormatCount(report.documents) + " documents (" +
                    FormatSize(report.text_bytes) + ") in " + FormatSeconds(report.seconds) + ", " +
                    FormatCount(report.features) + " features, " +
                    FormatSize(report.encoder_bytes) + "\n";
  return {};
}

}  // namespace

CommandRun DeclareTrainEncoder(CLI::App& app) {
  const auto options = std::make_shared<TrainOptions>();
  DeclareTextInput(app, options->input);
  app.add_option("--output", options->params.output, "Encoder file to write")->required();
  AddNumber(app, "--dim", options->params.encoder.dim, "Of the vectors it will make");
  AddNumber(app, "--columns", options->params.encoder.columns,
            "Width of the sparse projection before it is rotated to --dim; a multiple of 16");
  AddNumber(app, "--seed", options->params.encoder.seed, "Of the random projection");
  AddThreads(app, options->threads, "Threads; 0: one per processor");
  app.add_flag("--force", options->force, "Replace the output if it exists");
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "Learns how common each word and letter sequence is, so that rare ones weigh more; no\n"
      "neural model is needed.\n\n"
      "Examples:\n"
      "  kith train-encoder --input docs.jsonl --output docs.encoder\n"
      "  kith train-encoder --input docs.jsonl --fields title,text --dim 512 --output "
      "docs.encoder");
  return [options](CommandContext& context) { return RunTrain(*options, context); };
}

}  // namespace kith
