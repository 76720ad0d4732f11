// kith embed-text: texts into vectors.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/jobs/text_jobs.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/number_option.h"
#include "tools/text_input_options.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct EmbedOptions {
  EmbedTextParams params;
  TextInputOptions input;
  std::string type = "f32";
  std::size_t threads = 0;
  bool force = false, json = false;
};

void PrintJson(const EmbedTextReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("documents", report.documents);
  json.Field("dim", report.dim);
  json.Field("documents_without_features", report.documents_without_features);
  json.BeginArray("rows_without_features");
  for (const std::uint64_t row : report.rows_without_features) json.Element(row);
  json.End();
  json.Field("documents_without_known_features", report.documents_without_known_features);
  json.Field("text_bytes", report.text_bytes);
  json.Field("seconds", report.seconds);
  json.Field("cpu_seconds", report.cpu_seconds);
  json.Field("documents_per_s", report.documents_per_s);
  json.Field("peak_resident_bytes", report.peak_resident_bytes);
  json.End();
  out += '\n';
}

Status RunEmbed(EmbedOptions& options, CommandContext& context) {
  EmbedTextParams& params = options.params;
  params.input = ReadTextInput(options.input);
  params.type = TRY(ParseDataType(options.type));
  if (options.force) params.if_exists = OutputFile::IfExists::kReplace;
  ThreadPool pool(options.threads);
  const EmbedTextReport report =
      TRY(EmbedText(params, pool, context.cancellation, context.progress));
  const std::string warning = WarningOf(report);
  if (!warning.empty()) std::fprintf(stderr, "kith embed-text: warning: %s\n", warning.c_str());
  if (options.json) {
    PrintJson(report, context.output);
    return {};
  }
  context.output += params.output + ": " + FormatCount(report.documents) + " vectors of dim " +
                    std::to_string(report.dim) + ", " + std::string(DataTypeName(params.type)) +
                    ", in " + FormatSeconds(report.seconds) + " (" +
                    FormatCount(static_cast<std::uint64_t>(report.documents_per_s)) + " texts/s)\n";
  return {};
}

}  // namespace

CommandRun DeclareEmbedText(CLI::App& app) {
  const auto options = std::make_shared<EmbedOptions>();
  app.add_option("--encoder", options->params.encoder, "Encoder file of `kith train-encoder`")
      ->required();
  DeclareTextInput(app, options->input);
  app.add_option("--output", options->params.output,
                 "Vector file to write, row i for text i; its extension is the format")
      ->required();
  app.add_option("--type", options->type, "Type of the values written: f32 or f16")
      ->capture_default_str();
  AddThreads(app, options->threads,
             "Threads; 0: one per processor. Their number does not change the vectors");
  app.add_flag("--force", options->force, "Replace the output if it exists");
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "The vectors have length 1: build their index with --metric cosine.\n\n"
      "Examples:\n"
      "  kith embed-text --encoder docs.encoder --input docs.jsonl --output docs.npy\n"
      "  kith embed-text --encoder docs.encoder --input titles.txt --output titles.fvecs");
  return [options](CommandContext& context) { return RunEmbed(*options, context); };
}

}  // namespace kith
