// kith verify: reads everything under a path and checks it.
#include <CLI/CLI.hpp>
#include <memory>

#include "engine/jobs/inspect_job.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/size_argument.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct VerifyOptions {
  std::string path;
  bool json = false;
};

void PrintJson(const std::string& path, const VerifyReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("path", path);
  json.Field("holds", PathKindName(report.kind));
  json.Field("intact", true);
  json.Field("bytes_checked", report.bytes_checked);
  if (report.kind != PathKind::kSegmentFile) json.Field("vectors", report.rows_checked);
  json.Field("seconds", report.seconds);
  json.End();
  out += '\n';
}

Status RunVerify(const VerifyOptions& options, CommandContext& context) {
  const VerifyReport report = TRY(VerifyPath(options.path, context.cancellation, context.progress));
  if (options.json) {
    PrintJson(options.path, report, context.output);
    return {};
  }
  context.output += options.path + ": intact " + std::string(PathKindName(report.kind)) + ", ";
  if (report.kind != PathKind::kSegmentFile) {
    context.output += FormatCount(report.rows_checked) + " vectors, ";
  }
  context.output +=
      FormatSize(report.bytes_checked) + " checked in " + FormatSeconds(report.seconds) + "\n";
  return {};
}

}  // namespace

CommandRun DeclareVerify(CLI::App& app) {
  const auto options = std::make_shared<VerifyOptions>();
  app.add_option("path", options->path,
                 "Index directory, segment file (index.kith, text encoder) or vector file")
      ->required();
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "Of an index: every checksum, every link in range, every vector reachable.  Of a vector\n"
      "file: every row of the stated dim, no NaN, no infinity.  Exit code 1 on the first fault,\n"
      "with its place.\n\n"
      "Examples:\n"
      "  kith verify base.index\n"
      "  kith verify base.fvecs --json");
  return [options](CommandContext& context) { return RunVerify(*options, context); };
}

}  // namespace kith
