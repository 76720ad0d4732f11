// kith search: queries from a file or as words against an index.
#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <optional>

#include "engine/jobs/answer_file.h"
#include "engine/jobs/search_job.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/load_mode_option.h"
#include "tools/number_option.h"
#include "tools/size_argument.h"
#include "tools/text_search_command.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct SearchOptions {
  SearchJobParams params;
  TextSearchParams text;  // with its own part of params copied in
  std::string load = "resident", output;
  bool force = false, json = false;
};

void PutRecall(JsonWriter& json, const RecallReport& recall) {
  if (recall.at_1) json.Field("recall_at_1", *recall.at_1);
  if (recall.at_10) json.Field("recall_at_10", *recall.at_10);
  if (recall.at_100) json.Field("recall_at_100", *recall.at_100);
  if (recall.queries > 0) json.Field("recall_queries", recall.queries);
}

void PutParams(JsonWriter& json, const SearchJobParams& params, const SearchJobReport& report) {
  json.BeginObject("params");
  json.Field("k", params.search.k);
  if (params.search.exact) {
    json.Field("exact", true);
  } else {
    if (params.search.ef_search == 0) json.Field("target_recall", params.search.target_recall);
    json.Field("ef_search", report.run.ef_search);
    json.Field("rerank", std::llround(report.run.reranked_mean));
  }
  json.Field("load", params.load == LoadMode::kResident ? "resident" : "mapped");
  json.Field("index", report.index.kind);
  json.Field("metric", MetricName(report.index.metric));
  json.Field("codec", report.index.codec);
  json.Field("exact_rows", report.index.exact);
  json.End();
}

void PrintJson(const SearchJobParams& params, const SearchJobReport& report, std::string& out) {
  const QueryRunReport& run = report.run;
  JsonWriter json(out);
  json.BeginObject();
  json.Field("queries", run.answers.rows());
  json.Field("k", params.search.k);
  PutRecall(json, report.recall);
  json.Field("qps", run.qps());
  json.Field("cpu_us_mean", run.cpu_us_mean());
  json.Field("mean_us", run.latency.mean_us());
  json.Field("p50_us", run.latency.PercentileUs(0.5));
  json.Field("p99_us", run.latency.PercentileUs(0.99));
  json.Field("threads", report.threads);
  json.Field("queries_timed", run.queries_timed);
  json.Field("seconds", run.seconds);
  json.Field("hops_mean", run.hops_mean);
  json.Field("distances_mean", run.distances_mean);
  json.Field("reranked_mean", run.reranked_mean);
  json.Field("resident_bytes", report.resident_bytes);
  json.Field("index_resident_bytes", report.index.resident_bytes);
  json.Field("index_bytes", report.index.file_bytes);
  json.Field("open_ms", report.open_ms);
  json.Field("first_answer_ms", report.first_answer_ms);
  PutParams(json, params, report);
  json.End();
  out += '\n';
}

void PrintText(const SearchJobParams& params, const SearchJobReport& report, std::string& out) {
  const QueryRunReport& run = report.run;
  out += FormatCount(run.answers.rows()) + " queries, " + std::to_string(params.search.k) +
         " nearest of " + FormatCount(report.index.rows) + " vectors of dim " +
         std::to_string(report.index.dim) + "\n";
  FactList facts;
  const auto recall = [&](const char* name, const std::optional<double>& value) {
    if (value) facts.Add(name, FormatFixed(*value, 4));
  };
  recall("recall@1", report.recall.at_1);
  recall("recall@10", report.recall.at_10);
  recall("recall@100", report.recall.at_100);
  if (report.recall.queries > 0 && report.recall.queries < run.answers.rows()) {
    facts.Add("recall of", "the first " + FormatCount(report.recall.queries) + " queries");
  }
  if (run.ef_search > 0) facts.Add("ef_search", std::to_string(run.ef_search));
  facts.Add("QPS", FormatCount(static_cast<std::uint64_t>(run.qps())) +
                       ", threads: " + std::to_string(report.threads));
  facts.Add("latency", "mean " + FormatFixed(run.latency.mean_us(), 1) + " us, p50 " +
                           FormatFixed(run.latency.PercentileUs(0.5), 1) + " us, p99 " +
                           FormatFixed(run.latency.PercentileUs(0.99), 1) + " us");
  facts.Add("CPU", FormatFixed(run.cpu_us_mean(), 1) + " us a query");
  facts.Add("memory", FormatSize(report.resident_bytes) +
                          (report.index.resident_bytes == 0
                               ? ", the index mapped"
                               : ", of the index " + FormatSize(report.index.resident_bytes)));
  facts.Add("opened in", FormatSeconds(report.open_ms / 1e3) + ", first answer after " +
                             FormatSeconds(report.first_answer_ms / 1e3));
  out += facts.Text();
}

Status RunSearchCommand(SearchOptions& options, CommandContext& context) {
  options.params.load = TRY(ParseLoadMode(options.load));
  if (!options.text.texts.empty()) {
    options.text.index = options.params.index;
    options.text.search = options.params.search;
    options.text.load = options.params.load;
    return RunTextSearch(options.text, options.json, context);
  }
  if (options.params.queries.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "nothing to search for: give --queries FILE, or --encoder FILE and --text WORDS"};
  }
  std::optional<AnswerFile> output;
  if (!options.output.empty()) {
    output.emplace(TRY(AnswerFile::Create(
        options.output, options.params.search.k,
        options.force ? OutputFile::IfExists::kReplace : OutputFile::IfExists::kRefuse)));
  }
  const SearchJobReport report =
      TRY(RunSearch(options.params, context.cancellation, context.progress));
  if (output) TRY(output->Write(report.run.answers.view()));
  if (options.json) {
    PrintJson(options.params, report, context.output);
  } else {
    PrintText(options.params, report, context.output);
  }
  return {};
}

// Options of searching with the rows of a vector file.
void DeclareFileOptions(CLI::App& app, SearchOptions& options, CLI::Option* text) {
  SearchJobParams& params = options.params;
  app.add_option("--queries", params.queries, "Vector file of the queries")->excludes(text);
  app.add_option("--ground-truth", params.ground_truth,
                 "Exact answers (.ivecs), to measure recall against")
      ->excludes(text);
  app.add_option("--output", options.output,
                 "Write the answers: .ivecs, .ibin or .npy (row numbers), .jsonl (with distances)")
      ->excludes(text);
  app.add_flag("--force", options.force, "Replace the output if it exists");
  AddNumber(app, "--limit", params.queries_max, "Only the first so many queries; 0: all")
      ->excludes(text);
  AddNumber(app, "--min-seconds", params.seconds_min,
            "Repeat the queries for so long, after one pass to warm up; 0: one timed pass")
      ->excludes(text);
  AddThreads(app, params.threads, "Threads that search; 0: one per processor")->excludes(text);
}

// Options of searching with words; returns --text.
CLI::Option* DeclareTextOptions(CLI::App& app, TextSearchParams& params) {
  CLI::Option* text =
      app.add_option("--text", params.texts, "Words to search for; may be given again")
          ->expected(1, static_cast<int>(kSearchTextsMax));
  CLI::Option* encoder =
      app.add_option("--encoder", params.encoder, "Encoder file that embedded the indexed texts")
          ->needs(text);
  text->needs(encoder);
  CLI::Option* documents =
      app.add_option("--documents", params.documents,
                     "The indexed texts, line i for row i, to show with the answers")
          ->needs(text);
  app.add_option("--show", params.show,
                 "Fields of the documents to show, comma between them; default: text")
      ->delimiter(',')
      ->needs(documents);
  app.add_flag("--check-recall", params.check_recall, "Compare the answers with an exact scan")
      ->needs(text);
  return text;
}

// How the index is searched, whatever the queries are.
void DeclareSetting(CLI::App& app, SearchParams& params) {
  AddNumber(app, "--k", params.k, "Neighbours of each query");
  CLI::Option* target =
      AddNumber(app, "--target-recall", params.target_recall,
                "recall wanted: the index's calibration picks the cheapest setting");
  CLI::Option* ef_search = AddNumber(app, "--ef-search", params.ef_search,
                                     "Pool of the graph walk, instead of a target; at least k")
                               ->excludes(target);
  AddNumber(app, "--rerank", params.rerank,
            "Candidates of the walk that are compared exactly; 0: chosen by the index");
  app.add_flag("--exact", params.exact, "Scan every vector instead of walking the graph")
      ->excludes(target)
      ->excludes(ef_search);
}

}  // namespace

CommandRun DeclareSearch(CLI::App& app) {
  const auto options = std::make_shared<SearchOptions>();
  app.add_option("--index", options->params.index, "Index directory")->required();
  DeclareSetting(app, options->params.search);
  CLI::Option* text = DeclareTextOptions(app, options->text);
  DeclareFileOptions(app, *options, text);
  DeclareLoadMode(app, options->load);
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "recall@k: how many of the first k answers are among the k true nearest; an answer as near\n"
      "as one of them counts too (docs/cli.md).\n\n"
      "Examples:\n"
      "  kith search --index base.index --queries query.fvecs --output answers.ivecs\n"
      "  kith search --index base.index --queries query.fvecs --ground-truth truth.ivecs \\\n"
      "      --k 100 --target-recall 0.99 --min-seconds 3 --json\n"
      "  kith search --index docs.index --encoder docs.encoder --text \"light rain\" \\\n"
      "      --documents docs.jsonl --show title,text --check-recall");
  return [options](CommandContext& context) { return RunSearchCommand(*options, context); };
}

}  // namespace kith
