// kith convert: vectors from one file format or type to another.
#include <CLI/CLI.hpp>
#include <memory>

#include "engine/jobs/convert_job.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct ConvertOptions {
  ConvertParams params;
  std::string type;
  bool force = false, json = false;
};

void PrintJson(const ConvertReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("vectors", report.vectors);
  json.Field("dim", report.dim);
  json.Field("input_type", DataTypeName(report.input_type));
  json.Field("output_type", DataTypeName(report.output_type));
  json.Field("seconds", report.seconds);
  json.End();
  out += '\n';
}

Status RunConvert(ConvertOptions& options, CommandContext& context) {
  if (!options.type.empty()) options.params.type = TRY(ParseDataType(options.type));
  options.params.if_exists =
      options.force ? OutputFile::IfExists::kReplace : OutputFile::IfExists::kRefuse;
  const ConvertReport report =
      TRY(ConvertVectors(options.params, context.cancellation, context.progress));
  if (options.json) {
    PrintJson(report, context.output);
    return {};
  }
  context.output += options.params.output + ": " + FormatCount(report.vectors) +
                    " vectors of dim " + std::to_string(report.dim) + ", " +
                    std::string(DataTypeName(report.output_type));
  if (report.output_type != report.input_type) {
    context.output += " (from " + std::string(DataTypeName(report.input_type)) + ")";
  }
  context.output += ", in " + FormatSeconds(report.seconds) + "\n";
  return {};
}

}  // namespace

CommandRun DeclareConvert(CLI::App& app) {
  const auto options = std::make_shared<ConvertOptions>();
  app.add_option("--input", options->params.input,
                 "Vector file: .fvecs .bvecs .ivecs .npy .fbin .u8bin .i8bin .ibin, or "
                 "file.hdf5:dataset (dataset: train when left out)")
      ->required();
  app.add_option("--output", options->params.output,
                 "Vector file to write; its extension is the format")
      ->required();
  app.add_option("--type", options->type,
                 "Type of the values written: f32, f16, u8, i8 or i32, as far as the format "
                 "holds it; default: the format's only type, else the input's");
  app.add_flag("--force", options->force, "Replace the output if it exists");
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "Examples:\n"
      "  kith convert --input base.bvecs --output base.npy\n"
      "  kith convert --input sift.hdf5:test --output query.fvecs\n"
      "  kith convert --input base.fvecs --output base16.npy --type f16");
  return [options](CommandContext& context) { return RunConvert(*options, context); };
}

}  // namespace kith
