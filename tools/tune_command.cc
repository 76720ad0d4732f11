// kith tune: the curve of recall against speed, and the setting for a recall target.
#include <CLI/CLI.hpp>
#include <memory>

#include "engine/jobs/tune_job.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/load_mode_option.h"
#include "tools/number_option.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct TuneOptions {
  TuneParams params;
  std::string load = "resident";
  bool json = false;
};

// The members of `point`, in the open object.
void PutPoint(JsonWriter& json, const TunePoint& point) {
  json.BeginObject("params");
  json.Field("k", kTuneK);
  if (point.ef_search == 0) {
    json.Field("exact", true);
  } else {
    json.Field("ef_search", point.ef_search);
    json.Field("rerank", point.rerank);
  }
  json.End();
  json.Field("recall_at_10", point.recall_at_10);
  json.Field("qps", point.qps);
  json.Field("cpu_us_mean", point.cpu_us_mean);
  json.Field("mean_us", point.mean_us);
  json.Field("p50_us", point.p50_us);
  json.Field("p99_us", point.p99_us);
  json.Field("distances_mean", point.distances_mean);
  json.Field("hops_mean", point.hops_mean);
}

void PutChoice(JsonWriter& json, const TuneChoice& choice) {
  json.Field("target_recall", choice.target_recall);
  json.Field("reached", choice.cheapest.has_value());
  if (choice.cheapest) PutPoint(json, *choice.cheapest);
  json.BeginObject("calibrated");
  PutPoint(json, choice.calibrated);
  json.End();
}

void PrintJson(const TuneReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("index", report.index.kind);
  json.Field("vectors", report.index.rows);
  json.Field("dim", report.index.dim);
  json.Field("queries", report.queries);
  json.Field("ground_truth", report.truth);
  json.Field("threads", report.threads);
  json.BeginArray("curve");
  for (const TunePoint& point : report.curve) {
    json.BeginObject();
    PutPoint(json, point);
    json.End();
  }
  json.End();
  json.BeginObject("chosen");
  if (!report.choices.empty()) PutChoice(json, report.choices.front());
  json.End();
  json.BeginArray("targets");
  for (const TuneChoice& choice : report.choices) {
    json.BeginObject();
    PutChoice(json, choice);
    json.End();
  }
  json.End();
  json.End();
  out += '\n';
}

std::string Setting(const TunePoint& point) {
  return point.ef_search == 0 ? "exact" : std::to_string(point.ef_search);
}

std::string Outcome(const TunePoint& point) {
  return "(recall " + FormatFixed(point.recall_at_10, 4) + ", " +
         FormatCount(static_cast<std::uint64_t>(point.qps)) + " QPS)";
}

void PrintText(const TuneReport& report, std::string& out) {
  out += FormatCount(report.queries) + " queries against " + FormatCount(report.index.rows) +
         " vectors of dim " + std::to_string(report.index.dim) +
         ", threads: " + std::to_string(report.threads) + "\nexact answers: " + report.truth +
         "\n\n";
  TextTable table({"ef_search", "recall@10", "QPS", "CPU us", "p50 us", "p99 us", "distances"});
  for (const TunePoint& point : report.curve) {
    table.AddRow({Setting(point), FormatFixed(point.recall_at_10, 4),
                  FormatCount(static_cast<std::uint64_t>(point.qps)),
                  FormatFixed(point.cpu_us_mean, 1), FormatFixed(point.p50_us, 1),
                  FormatFixed(point.p99_us, 1), FormatFixed(point.distances_mean, 0)});
  }
  out += table.Text() + "\n";
  for (const TuneChoice& choice : report.choices) {
    out += "target recall " + FormatFixed(choice.target_recall, 3) + "\n  here:        ";
    out += choice.cheapest
               ? "ef_search " + Setting(*choice.cheapest) + " " + Outcome(*choice.cheapest)
               : "not reached by any setting tried";
    out += "\n  calibration: ef_search " + Setting(choice.calibrated) + " " +
           Outcome(choice.calibrated) + "\n";
  }
}

}  // namespace

CommandRun DeclareTune(CLI::App& app) {
  const auto options = std::make_shared<TuneOptions>();
  TuneParams& params = options->params;
  app.add_option("--index", params.index, "Index directory")->required();
  app.add_option("--queries", params.queries, "Vector file of queries like those to come")
      ->required();
  CLI::Option* truth = app.add_option("--ground-truth", params.ground_truth,
                                      "Exact answers (.ivecs); default: computed");
  app.add_option("--base-file", params.base,
                 "Vector file the index was built from, to compute exact answers with; default: "
                 "scan the rows in the index")
      ->excludes(truth);
  AddNumbers(app, "--target-recall", params.target_recalls, 16,
             "recall@10 wanted; several may be given; default: 0.95");
  AddNumbers(app, "--ef-search", params.ef_searches, static_cast<int>(kTunePointsMax),
             "Points of the curve; default: 10 to 1024, until recall is 1");
  AddNumber(app, "--limit", params.queries_max, "Only the first so many queries; 0: all");
  AddNumber(app, "--min-seconds", params.seconds_min, "Timed at each point, cycling the queries");
  AddThreads(app, params.threads, "Threads that search; 0: one per processor");
  DeclareLoadMode(app, options->load);
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "Prints, for each target, the smallest ef_search that reaches it on these queries, and what\n"
      "the calibration stored in the index makes of it.\n\n"
      "Examples:\n"
      "  kith tune --index base.index --queries query.fvecs --ground-truth truth.ivecs\n"
      "  kith tune --index base.index --queries query.fvecs --target-recall 0.9 0.95 0.99");
  return [options](CommandContext& context) -> Status {
    options->params.load = TRY(ParseLoadMode(options->load));
    const TuneReport report =
        TRY(TuneIndex(options->params, context.cancellation, context.progress));
    if (options->json) {
      PrintJson(report, context.output);
    } else {
      PrintText(report, context.output);
    }
    return {};
  };
}

}  // namespace kith
